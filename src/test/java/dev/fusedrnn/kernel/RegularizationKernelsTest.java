package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Dropout of rows, the activity penalty and averaging steps against plain formulas. */
class RegularizationKernelsTest extends CpuKernelSuite {
    @ParameterizedTest
    @CsvSource({"1000, 3, 0.4", "1, 5000, 0.5", "7, 4097, 0.25", "20, 2, 0"})
    void aRowSharesTheFateOfItsId(int rows, int width, float p) {
        int[] ids = random.ints(rows, 0, 50).toArray();
        float[] values = randoms(rows * width);
        Tensor idTensor = keep(device.allocate(DataType.I32, rows));
        idTensor.copyFrom(ids);
        Tensor in = keep(device.of(DataType.F32, values, rows, width));
        Tensor key = ints(5, -6, 7, 0);
        kernels.dropoutRows(idTensor, in, in, p, key, 3);
        float[] found = in.toFloats();
        for (int i = 0; i < rows; i++) {
            float factor = DropoutMask.factor(p, 5, -6, 7, 3, ids[i]);
            for (int j = 0; j < width; j++) {
                assertThat(found[i * width + j]).isEqualTo(values[i * width + j] * factor);
            }
        }
    }

    @Test
    void aShareOfAllIdsIsDropped() {
        int rows = 20_000;
        int[] ids = new int[rows];
        for (int i = 0; i < rows; i++) {
            ids[i] = i;
        }
        Tensor idTensor = keep(device.allocate(DataType.I32, rows));
        idTensor.copyFrom(ids);
        Tensor ones = keep(device.allocate(DataType.F32, rows, 1));
        kernels.fill(ones, 1);
        kernels.dropoutRows(idTensor, ones, ones, 0.1f, ints(1, 2, 3, 0), 0);
        int kept = 0;
        for (float value : ones.toFloats()) {
            kept += value > 0 ? 1 : 0;
        }
        // Four standard deviations of a binomial distribution.
        assertThat((double) kept / rows).isCloseTo(0.9, within(4 * Math.sqrt(0.09 / rows)));
    }

    @Test
    void rowsThatDoNotFitAreRefused() {
        Tensor ids = keep(device.allocate(DataType.I32, 3));
        ids.copyFrom(new int[] {0, 1, 2});
        Tensor in = keep(device.zeros(DataType.F32, 10));
        Tensor key = ints(0, 0, 0, 0);
        assertThatThrownBy(() -> kernels.dropoutRows(ids, in, in, 0.5f, key, 0)).hasMessageContaining("in must have 9");
        ids.copyFrom(new int[] {0, -1, 2});
        assertThatThrownBy(() -> kernels.dropoutRows(ids, in.view(0, 9), in.view(0, 9), 0.5f, key, 0))
                .hasMessageContaining("ids[1]");
    }

    @ParameterizedTest
    @CsvSource({"5, 7, 2, 1", "3, 5000, 0.5, 0", "4, 9000, 0, 0.25", "1, 11, 2, 1", "6, 4096, 1, 1"})
    void penaltyAndItsGradient(int steps, int width, float activity, float change) {
        float[] y = randoms(steps * width);
        float[] before = randoms(steps * width);
        Tensor outputs = keep(device.of(DataType.F32, y, steps, width));
        Tensor gradients = keep(device.of(DataType.F32, before, steps, width));
        Tensor loss = keep(device.of(DataType.F32, new float[] {2}, 1));
        Tensor scale = keep(device.of(DataType.F32, new float[] {0.75f}, 1));
        kernels.activityPenalty(outputs, gradients, activity, change, scale, loss);
        double expected = 2;
        float[] found = gradients.toFloats();
        for (int i = 0; i < y.length; i++) {
            double gradient = 2 * activity * (double) y[i];
            expected += activity * (double) y[i] * y[i];
            if (i >= width) {
                double step = (double) y[i] - y[i - width];
                expected += change * step * step;
                gradient += 2 * change * step;
            }
            if (i + width < y.length) {
                gradient -= 2 * change * ((double) y[i + width] - y[i]);
            }
            assertThat((double) found[i]).isCloseTo(before[i] + 0.75 * gradient, within(4e-6));
        }
        assertThat((double) loss.toFloats()[0]).isCloseTo(expected, within(1e-6 * expected));
    }

    /** The gradient is the difference of the penalty itself. */
    @Test
    void penaltyByDifferences() {
        int steps = 4;
        int width = 3;
        float[] y = randoms(steps * width);
        Tensor outputs = keep(device.of(DataType.F32, y, steps, width));
        Tensor gradients = keep(device.zeros(DataType.F32, steps, width));
        Tensor rest = keep(device.zeros(DataType.F32, steps, width));
        Tensor loss = keep(device.zeros(DataType.F32, 1));
        Tensor one = keep(device.of(DataType.F32, new float[] {1}, 1));
        kernels.activityPenalty(outputs, gradients, 2, 3, one, loss);
        float[] found = gradients.toFloats();
        for (int i = 0; i < y.length; i++) {
            double[] sides = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = y.clone();
                moved[i] += side == 0 ? 0x1p-6f : -0x1p-6f;
                outputs.copyFrom(moved);
                loss.clear();
                kernels.activityPenalty(outputs, rest, 2, 3, one, loss);
                sides[side] = loss.toFloats()[0];
            }
            assertThat((double) found[i]).isCloseTo((sides[0] - sides[1]) / 0x1p-5, within(2e-4));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16"})
    void theAverageIsTheMeanOfTheIterates(DataType type) {
        int count = 5000;
        Tensor masters = keep(device.of(DataType.F32, randoms(count), count));
        Tensor values = type == DataType.F32 ? masters : keep(device.zeros(type, count));
        Tensor gradients = keep(device.zeros(DataType.F32, count));
        Tensor average = keep(device.of(DataType.F32, masters.toFloats(), count));
        Tensor share = keep(device.zeros(DataType.F32, 1));
        Tensor scale = keep(device.of(DataType.F32, new float[] {1}, 1));
        Tensor hyper = keep(device.of(DataType.F32, new float[] {0.1f, 1}, 2));
        OptimizerUpdate update = new OptimizerUpdate(
                new OptimizerUpdate.Sgd(0, 0), values, masters, gradients, null, null, scale, hyper, average, share);
        float[] start = average.toFloats();
        gradients.copyFrom(randoms(count));
        kernels.update(update);
        assertThat(average.toFloats()).containsExactly(start);
        double[] sum = new double[count];
        for (int k = 1; k <= 5; k++) {
            gradients.copyFrom(randoms(count));
            share.copyFrom(new float[] {1f / k});
            kernels.update(update);
            float[] now = masters.toFloats();
            for (int i = 0; i < count; i++) {
                sum[i] += now[i];
            }
        }
        float[] found = average.toFloats();
        for (int i = 0; i < count; i++) {
            assertThat((double) found[i]).isCloseTo(sum[i] / 5, within(1e-6));
        }
        scale.copyFrom(new float[] {Float.NaN});
        kernels.update(update);
        assertThat(average.toFloats()).containsExactly(found);
    }
}
