package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Dropout of rows, the activity penalty and averaging steps on the GPU give what they give on the CPU. */
@Tag("gpu")
class CudaRegularizationKernelsTest {
    private static final int ROWS = 40;
    private static final int WIDTH = 301;

    /** What both devices compute from the same values; what it returns is compared. */
    private interface Work {
        float[] run(Kernels kernels, Tensor values, Tensor others);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void dropsTheSameRows(DataType type) {
        float[][] found = onBoth(type, (kernels, values, others) -> {
            Device device = kernels.device();
            try (Tensor ids = device.allocate(DataType.I32, ROWS);
                    Tensor key = device.allocate(DataType.I32, 4)) {
                ids.copyFrom(new Random(3).ints(ROWS, 0, 30).toArray());
                key.copyFrom(new int[] {7, -9, 3, 0});
                kernels.dropoutRows(ids, values, others, 0.4f, key, 2);
                return others.toFloats();
            }
        });
        int dropped = 0;
        for (int i = 0; i < found[0].length; i++) {
            // As numbers: what is dropped may keep its sign on one of them.
            assertThat(found[1][i] == found[0][i]).as("element %d", i).isTrue();
            dropped += found[0][i] == 0 ? 1 : 0;
        }
        assertThat(dropped).isBetween(1, found[0].length - 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void penalizesAlike(DataType type) {
        float[][] losses = new float[2][];
        float[][] found = onBoth(type, (kernels, values, others) -> {
            Device device = kernels.device();
            try (Tensor scale = device.of(DataType.F32, new float[] {0.5f}, 1);
                    Tensor loss = device.of(DataType.F32, new float[] {3}, 1)) {
                kernels.activityPenalty(values, others, 2, 1.5f, scale, loss);
                losses[device.isCuda() ? 1 : 0] = loss.toFloats();
                return others.toFloats();
            }
        });
        double unit = type == DataType.F32 ? 2e-6 : 4 * type.epsilon();
        for (int i = 0; i < found[0].length; i++) {
            assertThat((double) found[1][i]).isCloseTo(found[0][i], within(unit * (4 + Math.abs(found[0][i]))));
        }
        assertThat((double) losses[1][0]).isCloseTo(losses[0][0], within(1e-6 * losses[0][0]));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void averagesAlike(DataType type) {
        float[][] found = onBoth(DataType.F32, (kernels, masters, gradients) -> {
            Device device = kernels.device();
            try (Tensor scale = device.of(DataType.F32, new float[] {0.5f}, 1);
                    Tensor hyper = device.of(DataType.F32, new float[] {0.25f, 1}, 2);
                    Tensor share = device.of(DataType.F32, new float[] {0.5f}, 1);
                    Tensor half = device.zeros(type, masters.elements());
                    Tensor average = device.zeros(DataType.F32, masters.elements())) {
                Tensor values = type == DataType.F32 ? masters : half;
                OptimizerUpdate.Rule rule = new OptimizerUpdate.Sgd(0, 0.5f);
                for (int step = 0; step < 3; step++) {
                    kernels.update(new OptimizerUpdate(
                            rule, values, masters, gradients, null, null, scale, hyper, average, share));
                }
                return average.toFloats();
            }
        });
        for (int i = 0; i < found[0].length; i++) {
            assertThat((double) found[1][i]).isCloseTo(found[0][i], within(2e-6));
        }
    }

    private static float[][] onBoth(DataType type, Work work) {
        try (Device cpu = Device.cpu();
                Device gpu = Gpu.open()) {
            return new float[][] {on(cpu, type, work), on(gpu, type, work)};
        }
    }

    private static float[] on(Device device, DataType type, Work work) {
        Random random = new Random(17);
        float[][] drawn = new float[2][ROWS * WIDTH];
        for (float[] values : drawn) {
            for (int i = 0; i < values.length; i++) {
                values[i] = 2 * random.nextFloat() - 1;
            }
        }
        try (Kernels kernels = Kernels.of(device);
                Tensor values = device.of(type, drawn[0], ROWS, WIDTH);
                Tensor others = device.of(type, drawn[1], ROWS, WIDTH)) {
            return work.run(kernels, values, others);
        }
    }
}
