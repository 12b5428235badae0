package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation on the GPU against the CPU's, or against double where the CPU's is itself rounded. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaKernelsTest {
    private static final int RANDOM_SEED = 20261123;

    private final Random random = new Random(RANDOM_SEED);
    private final List<Tensor> open = new ArrayList<>();
    private Device gpu;
    private Device cpu;
    private Kernels onGpu;
    private Kernels onCpu;

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

    @ParameterizedTest
    @CsvSource({
        "1,1,1",
        "3,5,7",
        "17,13,31",
        "64,64,64",
        "33,65,129",
        "1,1024,256",
        "256,1,512",
        "129,127,1",
        "70,80,90"
    })
    void multipliesInAllTypesFormsAndStrides(int m, int n, int k) {
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            for (DataType resultType : type == DataType.F32 ? List.of(type) : List.of(type, DataType.F32)) {
                for (int form = 0; form < 4; form++) {
                    multiply(m, n, k, (form & 1) != 0, (form & 2) != 0, type, resultType, 0);
                    multiply(m, n, k, (form & 1) != 0, (form & 2) != 0, type, resultType, 3);
                }
            }
        }
    }

    /** With {@code pad}, there is a bias, rows are longer than needed and no operand is aligned to more than its element. */
    private void multiply(
            int m, int n, int k, boolean transposeA, boolean transposeB, DataType type, DataType resultType, int pad) {
        int lda = (transposeA ? m : k) + pad;
        int ldb = (transposeB ? k : n) + pad;
        int ldc = n + pad;
        Tensor a = drawn(type, (transposeA ? k : m) * lda + pad).view(pad, (long) (transposeA ? k : m) * lda);
        Tensor b = drawn(type, (transposeB ? n : k) * ldb + pad).view(pad, (long) (transposeB ? n : k) * ldb);
        Tensor c = drawn(resultType, m * ldc + pad).view(pad, (long) m * ldc);
        Tensor bias = pad == 0 ? null : drawn(resultType, n);
        float[] added = bias == null ? new float[n] : bias.toFloats();
        float[] va = a.toFloats();
        float[] vb = b.toFloats();
        float[] before = c.toFloats();
        onGpu.gemm(transposeA, transposeB, m, n, k, 1.5f, a, lda, b, ldb, -0.5f, c, ldc, bias);
        float[] after = c.toFloats();
        String name = "c[%d,%d] of " + type + " to " + resultType + " " + m + "x" + n + "x" + k + " transposed "
                + transposeA + "," + transposeB + " pad " + pad;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < ldc; j++) {
                double expected = before[i * ldc + j];
                double magnitude = 0;
                if (j < n) {
                    double sum = 0;
                    for (int l = 0; l < k; l++) {
                        double product = (double) va[transposeA ? l * lda + i : i * lda + l]
                                * vb[transposeB ? j * ldb + l : l * ldb + j];
                        sum += product;
                        magnitude += Math.abs(product);
                    }
                    expected = 1.5 * sum - 0.5 * expected + added[j];
                }
                double tolerance = j < n ? 4e-6 * (1 + magnitude) + resultType.epsilon() * Math.abs(expected) : 0;
                requireNear(String.format(name, i, j), after[i * ldc + j], expected, tolerance);
            }
        }
    }

    @Test
    void f32ProductsKeepAllBitsOfTheirOperands() {
        int size = 256;
        float value = 1 + 0x1p-12f;
        Tensor a = keep(gpu.allocate(DataType.F32, size, size));
        Tensor b = keep(gpu.allocate(DataType.F32, size, size));
        Tensor c = keep(gpu.allocate(DataType.F32, size, size));
        onGpu.fill(a, value);
        onGpu.fill(b, 1);
        onGpu.gemm(false, false, size, size, size, 1, a, size, b, size, 0, c, size, null);
        for (float found : c.toFloats()) {
            requireNear("TF32 would give " + size, found, size * (double) value, 1e-4);
        }
    }

    @Test
    void theSameProductGivesTheSameBits() {
        Tensor a = drawn(DataType.BF16, 300 * 4096);
        Tensor b = drawn(DataType.BF16, 4096 * 96);
        Tensor c = keep(gpu.allocate(DataType.F32, 300, 96));
        onGpu.gemm(false, false, 300, 96, 4096, 1, a, 4096, b, 96, 0, c, 96, null);
        float[] first = c.toFloats();
        for (int i = 0; i < 50; i++) {
            c.fillBytes((byte) 0xff);
            onGpu.gemm(false, false, 300, 96, 4096, 1, a, 4096, b, 96, 0, c, 96, null);
            assertThat(c.toFloats()).as("repetition %d", i).isEqualTo(first);
        }
    }

    @Test
    void betaZeroDoesNotReadTheOldValues() {
        Tensor a = drawn(DataType.F32, 16 * 16);
        Tensor c = keep(gpu.allocate(DataType.F32, 16, 16));
        c.fillBytes((byte) 0xff);
        onGpu.gemm(false, false, 16, 16, 16, 1, a, 16, a, 16, 0, c, 16, null);
        assertThat(c.toFloats()).doesNotContain(Float.NaN);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4097, 1_000_003})
    void fillConvertAddAndScaleAsTheCpu(int count) {
        List<DataType> types = List.of(DataType.F32, DataType.BF16, DataType.F16);
        for (DataType type : types) {
            same("fill " + type, type, count, (kernels, tensor) -> kernels.fill(tensor, -2.75f));
            same("scale " + type, type, count, (kernels, tensor) -> {
                try (Tensor factor = kernels.device().of(DataType.F32, new float[] {-0.375f}, 1)) {
                    kernels.scale(tensor, factor);
                    kernels.device().synchronize();
                }
            });
            for (DataType other : types) {
                float[] values = floats(count);
                same("convert " + other + " to " + type, type, count, (kernels, tensor) -> {
                    try (Tensor from = kernels.device().of(other, values, count)) {
                        kernels.convert(from, tensor);
                    }
                });
                same("addScaled " + other + " to " + type, type, count, (kernels, tensor) -> {
                    try (Tensor x = kernels.device().of(other, values, count)) {
                        kernels.addScaled(tensor, 0.25f, x);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,0", "3,5,3", "700,13,0", "700,13,3", "2,5000,8", "41,1000,0", "2240,600,8"})
    void sumsColumnsAsTheCpu(int rows, int columns, int padding) {
        float[] matrix = floats(rows * (columns + padding));
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            for (boolean accumulate : new boolean[] {false, true}) {
                near(
                        "columnSum " + type + " accumulate " + accumulate,
                        DataType.F32,
                        columns,
                        3e-6 * rows,
                        (kernels, tensor) -> {
                            try (Tensor summed = kernels.device().of(type, matrix, rows, columns + padding)) {
                                kernels.columnSum(summed, tensor, accumulate);
                            }
                        });
            }
        }
    }

    @Test
    void rowsOfTheFastestPitchStartAtMultiplesOfSixteenBytes() {
        assertThat(onGpu.rowPitch(65, DataType.BF16)).isEqualTo(72);
        assertThat(onGpu.rowPitch(64, DataType.F16)).isEqualTo(64);
        assertThat(onGpu.rowPitch(65, DataType.F32)).isEqualTo(68);
        assertThat(onCpu.rowPitch(65, DataType.F32)).isEqualTo(65);
    }

    @ParameterizedTest
    @CsvSource({"6,5,3", "500,40,33", "2240,10000,200", "3000,2,64", "1,1,1"})
    void gathersAndScattersAsTheCpu(int m, int v, int e) {
        int[] ids = random.ints(m, 0, v).toArray();
        float[] table = floats(v * e);
        float[] rows = floats(m * e);
        for (DataType type : List.of(DataType.F32, DataType.BF16)) {
            same("gather " + type, type, m * e, (kernels, tensor) -> {
                try (Tensor idTensor = ints(kernels, ids);
                        Tensor from = kernels.device().of(type, table, v, e)) {
                    kernels.gather(idTensor, from, tensor);
                }
            });
            for (boolean accumulate : new boolean[] {false, true}) {
                double tolerance = 1e-5 * (1 + (double) m / v);
                near(
                        "scatterAdd " + type + " accumulate " + accumulate,
                        DataType.F32,
                        v * e,
                        tolerance,
                        (kernels, tensor) -> {
                            try (Tensor idTensor = ints(kernels, ids);
                                    Tensor from = kernels.device().of(type, rows, m, e)) {
                                kernels.scatterAdd(idTensor, from, tensor.view(0, v, e), accumulate);
                            }
                        });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"5,1,0", "7,13,3", "64,10000,0", "3,50257,7"})
    void softmaxCrossEntropyAsTheCpu(int rows, int classes, int padding) {
        int pitch = classes + padding;
        int[] targets = random.ints(rows, 0, classes).toArray();
        targets[rows / 2] = -1;
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("gradient " + type, type, rows * pitch, 1e-6, (kernels, tensor) -> {
                try (Tensor targetTensor = ints(kernels, targets);
                        Tensor losses = kernels.device().zeros(DataType.F32, rows);
                        Tensor scale = kernels.device().of(DataType.F32, new float[] {0.125f}, 1)) {
                    kernels.softmaxCrossEntropy(tensor.view(0, rows, pitch), classes, targetTensor, losses, scale);
                    kernels.device().synchronize();
                }
            });
            float[] logits = floats(rows * pitch);
            near("losses " + type, DataType.F32, rows, 2e-5, (kernels, tensor) -> {
                try (Tensor targetTensor = ints(kernels, targets);
                        Tensor logitTensor = kernels.device().of(type, logits, rows, pitch)) {
                    kernels.softmaxCrossEntropy(logitTensor, classes, targetTensor, tensor, null);
                    assertThat(logitTensor.toFloats())
                            .as("logits without a gradient scale")
                            .hasSize(rows * pitch);
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 4099, 3_000_001})
    void sumsAndNormsAsTheCpu(int count) {
        float[] values = floats(count);
        for (boolean accumulate : new boolean[] {false, true}) {
            near("sum accumulate " + accumulate, DataType.F32, 1, 1e-7 * count + 1e-5, (kernels, tensor) -> {
                try (Tensor from = kernels.device().of(DataType.F32, values, count)) {
                    kernels.sum(from, tensor, accumulate);
                }
            });
        }
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("squaredNorm " + type, DataType.F32, 1, 1e-6 * count, (kernels, tensor) -> {
                try (Tensor from = kernels.device().of(type, values, count)) {
                    kernels.squaredNorm(from, tensor);
                }
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"0.3,0", "0,0", "1,0", "0.5,0", "0.3,1007", "1,1007", "0.5,1000003"})
    void dropsTheSameElementsAsTheCpu(float p, long period) {
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            same("dropout " + p + " " + period + " " + type, type, 100_003, (kernels, tensor) -> {
                try (Tensor key = ints(kernels, 7, -9, 3, 0)) {
                    kernels.dropout(tensor, tensor, p, key, 2, period);
                    kernels.device().synchronize();
                }
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"3,2,1", "3,0,1", "3,1e6,1", "0,1,1", "3,2,0.5", "NaN,2,1", "Infinity,0,1"})
    void clipsAsTheCpu(float last, float maxNorm, float unscale) {
        float[] values = new float[20_011];
        for (int i = 0; i < values.length && last != 0; i++) {
            values[i] = (i % 17 - 8) / 8f;
        }
        values[values.length - 1] = last;
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("clipScale " + type, DataType.F32, 1, 2e-6, (kernels, tensor) -> {
                try (Tensor gradients = kernels.device().of(type, values, values.length);
                        Tensor squaredNorm = kernels.device().allocate(DataType.F32, 1)) {
                    kernels.clipScale(gradients, maxNorm, unscale, squaredNorm, tensor);
                    kernels.device().synchronize();
                }
            });
        }
    }

    @Test
    void updatesAsTheCpu() {
        List<OptimizerUpdate.Rule> rules = List.of(
                new OptimizerUpdate.Sgd(0, 0),
                new OptimizerUpdate.Sgd(0.9f, 0.01f),
                new OptimizerUpdate.RmsProp(0.9f, 1e-6f, 0.01f),
                new OptimizerUpdate.Adam(0.9f, 0.999f, 1e-8f, 0.01f, false),
                new OptimizerUpdate.Adam(0.9f, 0.999f, 1e-8f, 0.01f, true));
        for (OptimizerUpdate.Rule rule : rules) {
            for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
                for (float factor : new float[] {0.5f, Float.NaN}) {
                    update(rule, type, factor);
                }
            }
        }
    }

    private void update(OptimizerUpdate.Rule rule, DataType type, float factor) {
        int count = 10_007;
        float[] start = floats(count);
        float[] gradient = floats(count);
        float[] moment = floats(count);
        List<float[]> results = new ArrayList<>();
        for (Kernels kernels : List.of(onCpu, onGpu)) {
            Device device = kernels.device();
            try (Tensor values = device.of(type, start, count);
                    Tensor masters = device.of(DataType.F32, start, count);
                    Tensor gradients = device.of(type, gradient, count);
                    Tensor moment1 = device.of(DataType.F32, moment, count);
                    Tensor moment2 = device.of(DataType.F32, squares(moment), count);
                    Tensor scale = device.of(DataType.F32, new float[] {factor}, 1);
                    Tensor hyper = device.of(DataType.F32, new float[] {0.01f, 3}, 2)) {
                boolean first = !(rule instanceof OptimizerUpdate.RmsProp)
                        && !(rule instanceof OptimizerUpdate.Sgd sgd && sgd.momentum() == 0);
                boolean second = !(rule instanceof OptimizerUpdate.Sgd);
                Tensor updated = type == DataType.F32 ? masters : values;
                kernels.update(new OptimizerUpdate(
                        rule,
                        updated,
                        masters,
                        gradients,
                        first ? moment1 : null,
                        second ? moment2 : null,
                        scale,
                        hyper));
                for (Tensor tensor : List.of(updated, masters, moment1, moment2)) {
                    results.add(tensor.toFloats());
                }
            }
        }
        String[] names = {"values", "masters", "moment1", "moment2"};
        for (int i = 0; i < 4; i++) {
            double tolerance = i == 0 && type.isHalf() ? 2 * type.epsilon() : 2e-6;
            compare(
                    names[i] + " of " + rule + " " + type + " scale " + factor,
                    results.get(4 + i),
                    results.get(i),
                    tolerance);
        }
    }

    @Test
    void aRecordedSequenceReplaysWithTheValuesOfTheLaunch() {
        Tensor x = keep(gpu.allocate(DataType.F32, 64, 64));
        Tensor y = keep(gpu.allocate(DataType.F32, 64, 64));
        Tensor row = keep(gpu.allocate(DataType.F32, 64));
        Tensor sum = keep(gpu.allocate(DataType.F32, 1));
        Runnable sequence = () -> {
            onGpu.gemm(false, true, 64, 64, 64, 1, x, 64, x, 64, 0, y, 64, null);
            onGpu.columnSum(y, row, false);
            onGpu.sum(row, sum, false);
        };
        x.copyFrom(floats(64 * 64));
        sequence.run();
        try (Graph graph = Graph.capture(CudaContext.of(gpu), sequence)) {
            assertThat(graph.nodes()).isGreaterThanOrEqualTo(3);
            for (int i = 0; i < 5; i++) {
                x.copyFrom(floats(64 * 64));
                sequence.run();
                float expected = sum.toFloats()[0];
                sum.clear();
                graph.launch();
                assertThat(sum.toFloats()[0]).as("launch %d", i).isEqualTo(expected);
            }
            assertThat(graph.update(sequence)).isTrue();
            assertThat(graph.update(() -> onGpu.fill(sum, 1))).isFalse();
        }
    }

    @Test
    void tensorsBeyondTwoToTheThirtyOneElements() {
        Gpu.skipIfSimulated("4 GB, element by element, take minutes");
        long count = (1L << 31) + 17;
        Tensor large = keep(gpu.allocate(DataType.BF16, count));
        onGpu.fill(large, 1.5f);
        try (Tensor end = gpu.of(DataType.BF16, new float[] {2, 3}, 2)) {
            large.view(count - 2, 2).copyFrom(end);
        }
        Tensor sum = keep(gpu.zeros(DataType.F32, 1));
        onGpu.squaredNorm(large, sum);
        double expected = 2.25 * (count - 2) + 13;
        requireNear("squaredNorm", sum.toFloats()[0], expected, 1e-6 * expected);
        assertThat(large.view((1L << 31) - 1, 18).toFloats())
                .startsWith(1.5f, 1.5f)
                .endsWith(2, 3);
    }

    @ParameterizedTest
    @CsvSource({"F32, F32, 301", "F32, BF16, 3", "F16, F32, 17", "BF16, BF16, 1"})
    void copiesABlockOfColumnsAndNothingBeside(DataType fromType, DataType toType, int rows) {
        float[] source = floats(rows * 13);
        float[] before = floats(rows * 11);
        Tensor from = keep(gpu.of(fromType, source, rows, 13));
        Tensor to = keep(gpu.of(toType, before, rows, 11));
        onGpu.copyColumns(from, 4, to, 3, 7);
        try (Tensor cpuFrom = cpu.of(fromType, source, rows, 13);
                Tensor cpuTo = cpu.of(toType, before, rows, 11)) {
            onCpu.copyColumns(cpuFrom, 4, cpuTo, 3, 7);
            assertThat(to.toFloats()).containsExactly(cpuTo.toFloats());
        }
    }

    @Test
    void foreignAndIllShapedTensorsAreRefused() {
        Tensor here = keep(gpu.zeros(DataType.F32, 4));
        try (Tensor there = cpu.zeros(DataType.F32, 4)) {
            assertThatThrownBy(() -> onGpu.addScaled(here, 1, there))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("x must lie on cuda:0");
        }
        assertThatThrownBy(() -> onGpu.gemm(false, false, 2, 2, 3, 1, here, 3, here, 2, 0, here, 2, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a [2, 3] with stride 3 needs 6 elements");
    }

    private void same(String name, DataType type, int count, BiConsumer<Kernels, Tensor> operation) {
        near(name, type, count, 0, operation);
    }

    /** Runs an operation on equal tensors on both devices and compares what it leaves there. */
    private void near(String name, DataType type, int count, double tolerance, BiConsumer<Kernels, Tensor> operation) {
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

    private static void compare(String name, float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            if (Float.isNaN(expected[i]) && Float.isNaN(found[i])) {
                continue;
            }
            requireNear(name + " element " + i, found[i], expected[i], tolerance * Math.max(1, Math.abs(expected[i])));
        }
    }

    private static void requireNear(String name, double found, double expected, double tolerance) {
        if (found != expected && !(Math.abs(found - expected) <= tolerance)) {
            throw new AssertionError(name + ": found " + found + ", expected " + expected + " within " + tolerance);
        }
    }

    private static float[] squares(float[] values) {
        float[] squared = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            squared[i] = values[i] * values[i];
        }
        return squared;
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    private Tensor drawn(DataType type, int count) {
        return keep(gpu.of(type, floats(count), count));
    }

    private static Tensor ints(Kernels kernels, int... values) {
        Tensor tensor = kernels.device().allocate(DataType.I32, values.length);
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor keep(Tensor tensor) {
        open.add(tensor);
        return tensor;
    }
}
