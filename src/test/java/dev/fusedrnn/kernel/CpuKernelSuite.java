package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;

/** What the tests of the CPU's operations share: a device, drawn values, tensors that are closed behind each test. */
abstract class CpuKernelSuite {
    final Device device = Device.cpu();
    final Kernels kernels = Kernels.of(device);
    private final List<Tensor> open = new ArrayList<>();
    final Random random = new Random(20261123);

    @AfterEach
    void close() {
        open.forEach(Tensor::close);
        kernels.close();
        kernels.close();
        assertThat(device.allocatedBytes()).isZero();
        device.close();
    }

    float[] randoms(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    Tensor random(DataType type, int count) {
        return keep(device.of(type, randoms(count), count));
    }

    Tensor floats(float... values) {
        return keep(device.of(DataType.F32, values, values.length));
    }

    Tensor ints(int... values) {
        Tensor tensor = keep(device.allocate(DataType.I32, values.length));
        tensor.copyFrom(values);
        return tensor;
    }

    Tensor keep(Tensor tensor) {
        open.add(tensor);
        return tensor;
    }

    static void assertClose(double[] found, double[] expected, double relative) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i])
                    .as("element %d", i)
                    .isEqualTo(expected[i], within(1e-6 + relative * Math.abs(expected[i])));
        }
    }
}
