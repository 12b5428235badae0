package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Softmax and cross-entropy on the CPU against the formula in double. */
class CpuLossTest extends CpuKernelSuite {
    @Test
    void uniformLogitsGiveThePublishedLosses() {
        Tensor logits = keep(device.zeros(DataType.F32, 4, 10));
        kernels.fill(logits, 1);
        Tensor losses = floats(new float[4]);
        Tensor sum = floats(9);
        kernels.softmaxCrossEntropy(logits, 10, ints(0, 3, 9, 5), losses, null);
        assertThat(losses.toFloats()).containsOnly(2.3025851f);
        kernels.softmaxCrossEntropy(logits, 10, ints(0, -1, 9, -1), losses, null);
        kernels.sum(losses, sum, false);
        assertThat(sum.toFloats()[0] / 4).isEqualTo(1.1513f, within(5e-5f));
        kernels.softmaxCrossEntropy(logits, 10, ints(-1, -1, -1, -1), losses, null);
        kernels.sum(losses, sum, false);
        assertThat(sum.toFloats()[0]).isZero();
        assertThat(logits.toFloats()).containsOnly(1);
    }

    @ParameterizedTest
    @CsvSource({"5,1,0,F32", "7,13,3,F32", "3,9001,0,F32", "6,29,3,BF16", "4,4100,4,F16"})
    void softmaxCrossEntropyAndItsGradient(int rows, int classes, int padding, DataType type) {
        int pitch = classes + padding;
        Tensor logits = keep(device.of(type, randoms(rows * pitch), rows, pitch));
        kernels.scale(logits, floats(8));
        double[] z = logits.toDoubles();
        int[] targets = new int[rows];
        for (int i = 0; i < rows; i++) {
            targets[i] = i == 2 ? -1 : random.nextInt(classes);
        }
        Tensor losses = floats(new float[rows]);
        kernels.softmaxCrossEntropy(logits, classes, ints(targets), losses, floats(0.125f));
        double[] gradient = logits.toDoubles();
        double[] expected = z.clone();
        for (int i = 0; i < rows; i++) {
            Arrays.fill(expected, i * pitch, i * pitch + classes, 0);
            double loss = referenceRow(z, i * pitch, classes, targets[i], 0.125, expected);
            assertThat((double) losses.toFloats()[i]).isEqualTo(loss, within(2e-6 * Math.max(1, loss)));
        }
        assertClose(gradient, expected, Math.max(3e-7, type.epsilon()));
    }

    @Test
    void logitsNeedAColumnForEveryClassAndARowForEveryTarget() {
        Tensor losses = floats(new float[2]);
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(
                        keep(device.zeros(DataType.F32, 2, 3)), 4, ints(0, 1), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logits must have two axes and at least 4 columns");
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(
                        keep(device.zeros(DataType.F32, 3, 4)), 4, ints(0, 1), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logits must have 2 rows");
    }

    private static double referenceRow(double[] z, int at, int classes, int target, double scale, double[] gradient) {
        if (target < 0) {
            return 0;
        }
        double most = Arrays.stream(z, at, at + classes).max().orElseThrow();
        double sum = 0;
        for (int j = 0; j < classes; j++) {
            sum += Math.exp(z[at + j] - most);
        }
        for (int j = 0; j < classes; j++) {
            gradient[at + j] = scale * (Math.exp(z[at + j] - most) / sum - (j == target ? 1 : 0));
        }
        return Math.log(sum) + most - z[at + target];
    }

    @Test
    void softmaxKeepsNaNAndBearsExtremes() {
        Tensor logits = keep(device.of(
                DataType.F32,
                new float[] {0, Float.NaN, 1e30f, -1e30f, Float.NEGATIVE_INFINITY, 0, Float.NaN, 3},
                4,
                2));
        Tensor losses = floats(new float[4]);
        kernels.softmaxCrossEntropy(logits, 2, ints(0, 0, 1, -1), losses, floats(1));
        assertThat(losses.toFloats()).containsExactly(Float.NaN, 0, 0, 0);
        assertThat(logits.toFloats()).containsExactly(Float.NaN, Float.NaN, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void targetsBehindTheLastClassAreNamed() {
        Tensor logits = keep(device.zeros(DataType.F32, 2, 3));
        Tensor losses = floats(new float[2]);
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(logits, 3, ints(0, 3), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("targets[1] must be less than 3, found 3");
    }
}
