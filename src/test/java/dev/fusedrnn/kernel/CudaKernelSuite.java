package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Both devices with their operations, and comparisons of what the operations leave on them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CudaKernelSuite {
    private static final int RANDOM_SEED = 20261123;

    final Random random = new Random(RANDOM_SEED);
    private final List<Tensor> open = new ArrayList<>();
    Device gpu;
    Device cpu;
    Kernels onGpu;
    Kernels onCpu;

    @BeforeAll
    void openDevices() {
        gpu = Gpu.open();
        cpu = Device.cpu();
        onGpu = Kernels.of(gpu);
        onCpu = Kernels.of(cpu);
    }

    @AfterEach
    void closeTensors() {
        open.forEach(Tensor::close);
        open.clear();
        assertThat(gpu.allocatedBytes()).as("bytes left on the GPU").isZero();
    }

    @AfterAll
    void closeDevices() {
        for (Kernels kernels : new Kernels[] {onGpu, onCpu, onGpu}) {
            if (kernels != null) {
                kernels.close();
            }
        }
        for (Device device : new Device[] {gpu, cpu}) {
            if (device != null) {
                device.close();
            }
        }
    }

    void same(String name, DataType type, int count, BiConsumer<Kernels, Tensor> operation) {
        near(name, type, count, 0, operation);
    }

    /** Runs an operation on equal tensors on both devices and compares what it leaves there. */
    void near(String name, DataType type, int count, double tolerance, BiConsumer<Kernels, Tensor> operation) {
        float[] values = floats(count);
        float[] expected;
        float[] found;
        try (Tensor tensor = cpu.of(type, values, count)) {
            operation.accept(onCpu, tensor);
            expected = tensor.toFloats();
        }
        try (Tensor tensor = gpu.of(type, values, count)) {
            operation.accept(onGpu, tensor);
            found = tensor.toFloats();
        }
        compare(
                name + " [" + count + "]",
                found,
                expected,
                tolerance == 0 ? type.epsilon() / 2 : tolerance + type.epsilon());
    }

    static void compare(String name, float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            if (Float.isNaN(expected[i]) && Float.isNaN(found[i])) {
                continue;
            }
            requireNear(name + " element " + i, found[i], expected[i], tolerance * Math.max(1, Math.abs(expected[i])));
        }
    }

    static void requireNear(String name, double found, double expected, double tolerance) {
        if (found != expected && !(Math.abs(found - expected) <= tolerance)) {
            throw new AssertionError(name + ": found " + found + ", expected " + expected + " within " + tolerance);
        }
    }

    float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    Tensor drawn(DataType type, int count) {
        return keep(gpu.of(type, floats(count), count));
    }

    static Tensor ints(Kernels kernels, int... values) {
        Tensor tensor = kernels.device().allocate(DataType.I32, values.length);
        tensor.copyFrom(values);
        return tensor;
    }

    Tensor keep(Tensor tensor) {
        open.add(tensor);
        return tensor;
    }
}
