package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A head whose products are given copies with aligned rows, beside one that multiplies parameters and features as they are. */
@Tag("gpu")
class HeadOperandsGpuTest {
    private static final int M = 23;

    private final Device gpu = Gpu.open();
    private final Kernels kernels = Kernels.of(gpu);

    @AfterEach
    void close() {
        kernels.close();
        assertThat(gpu.allocatedBytes()).isZero();
        gpu.close();
    }

    /** F and V that are 1, odd, and multiples of 8; in one chunk and in several. */
    @ParameterizedTest
    @CsvSource({
        "BF16, 1, 1, 23",
        "BF16, 1, 17, 5",
        "BF16, 13, 17, 23",
        "BF16, 13, 17, 5",
        "BF16, 13, 24, 8",
        "BF16, 650, 33, 23",
        "F16, 30, 1001, 23",
        "F16, 16, 17, 5",
        "F16, 11, 8, 1"
    })
    void copiesChangeNothing(DataType type, int inputs, int classes, int chunk) {
        try (Parameters parameters = parameters(type, inputs, classes)) {
            float[][] dense = lossAndGradients(parameters, type, inputs, chunk, false, false);
            for (boolean begins : new boolean[] {false, true}) {
                float[][] copied = lossAndGradients(parameters, type, inputs, chunk, true, begins);
                for (int part = 0; part < dense.length; part++) {
                    assertNear(copied[part], dense[part], type);
                }
            }
        }
    }

    /** A recorded pass takes the parameters that are there when it is replayed. */
    @Test
    void everyReplayTakesTheNewParameters() {
        try (Parameters parameters = parameters(DataType.BF16, 13, 17);
                SoftmaxLoss loss = loss(parameters, DataType.BF16, M, true);
                Tensor x = gpu.of(DataType.BF16, values(M * 13, 5), M, 13);
                Tensor targets = targets(17);
                Recording pass = kernels.recording(() -> {
                    loss.begin();
                    kernels.scale(x, parameters.gradient("bias").view(0, 1));
                    loss.forward(x, targets);
                })) {
            kernels.fill(parameters.gradient("bias"), 1);
            float[][] found = new float[4][];
            for (int i = 0; i < found.length; i++) {
                parameters.set("weight", values(17 * 13, 100 + i / 2));
                pass.run();
                found[i] = loss.losses().toFloats();
            }
            assertThat(found[1]).containsExactly(found[0]);
            assertThat(found[3]).containsExactly(found[2]);
            assertThat(found[2]).isNotEqualTo(found[1]);
        }
    }

    @Test
    void theProductsOfCopiesAreAligned() {
        try (Parameters parameters = parameters(DataType.BF16, 650, 33)) {
            Set<MatrixProduct> before = products();
            lossAndGradients(parameters, DataType.BF16, 650, M, true, true);
            Set<MatrixProduct> copied = products();
            copied.removeAll(before);
            // The gradient of the weight goes to its dense place.
            assertThat(copied).hasSize(3).allMatch(MatrixProduct::hasAlignedOperands);
            assertThat(copied.stream().filter(MatrixProduct::isAligned)).hasSize(2);
            lossAndGradients(parameters, DataType.BF16, 650, M, false, true);
            Set<MatrixProduct> dense = products();
            dense.removeAll(before);
            dense.removeAll(copied);
            assertThat(dense).hasSize(3).noneMatch(MatrixProduct::hasAlignedOperands);
        }
    }

    @Test
    void onlyLargeProductsOfOtherRowsAreGivenCopies() {
        try (Parameters large = parameters(DataType.BF16, 650, 10000);
                Parameters small = parameters(DataType.BF16, 650, 100);
                Parameters aligned = parameters(DataType.BF16, 400, 33278);
                Parameters f32 = parameters(DataType.F32, 650, 10000)) {
            assertThat(pays(large, DataType.BF16, 700)).isTrue();
            assertThat(pays(large, DataType.BF16, 100)).isFalse();
            assertThat(pays(small, DataType.BF16, 700)).isFalse();
            assertThat(pays(aligned, DataType.BF16, 5600)).isFalse();
            assertThat(pays(f32, DataType.F32, 700)).isFalse();
            try (SoftmaxLoss loss = new SoftmaxLoss(kernels, head(large), DataType.BF16, 700, true);
                    SoftmaxLoss dense = loss(large, DataType.BF16, 700, false)) {
                assertThat(loss.bytes() - dense.bytes()).isEqualTo(2L * 656 * (10000 + 2 * 700));
            }
            try (SoftmaxLoss loss = new SoftmaxLoss(kernels, head(large), DataType.BF16, 650, false);
                    SoftmaxLoss dense = loss(large, DataType.BF16, 650, false)) {
                assertThat(loss.bytes() - dense.bytes()).isEqualTo(2L * 656 * (10000 + 650));
            }
        }
    }

    private boolean pays(Parameters parameters, DataType type, long rows) {
        Linear head = head(parameters);
        return kernels.paysToPad(rows, head.inputs(), head.outputs(), type);
    }

    /** Losses, gradient of the features, gradient of the weight, gradient of the bias. */
    private float[][] lossAndGradients(
            Parameters parameters, DataType type, int inputs, int chunk, boolean copies, boolean begins) {
        int classes = head(parameters).outputs();
        try (SoftmaxLoss loss = loss(parameters, type, chunk, copies);
                Tensor x = gpu.of(type, values(M * inputs, 5), M, inputs);
                Tensor targets = targets(classes);
                Tensor scale = gpu.of(DataType.F32, new float[] {0.5f}, 1);
                Tensor dx = gpu.zeros(type, M, inputs)) {
            if (begins) {
                loss.begin();
            }
            loss.forwardBackward(x, targets, scale, dx);
            kernels.join();
            return new float[][] {
                loss.losses().toFloats(),
                dx.toFloats(),
                parameters.gradient("weight").toFloats(),
                parameters.gradient("bias").toFloats()
            };
        }
    }

    private SoftmaxLoss loss(Parameters parameters, DataType type, int chunk, boolean copies) {
        int rows = Math.max(M, chunk);
        return new SoftmaxLoss(kernels, head(parameters), type, rows, chunk, true, copies);
    }

    private Linear head(Parameters parameters) {
        return new Linear(kernels, parameters, "weight", "bias");
    }

    private Parameters parameters(DataType type, int inputs, int classes) {
        Parameters parameters = Parameters.builder()
                .add("weight", classes, inputs)
                .add("bias", classes)
                .build(gpu, type);
        parameters.set("weight", values(classes * inputs, 3));
        parameters.set("bias", values(classes, 4));
        return parameters;
    }

    private Tensor targets(int classes) {
        int[] targets = new Random(6).ints(M, 0, classes).toArray();
        targets[2] = -1;
        Tensor tensor = gpu.allocate(DataType.I32, M);
        tensor.copyFrom(targets);
        return tensor;
    }

    private Set<MatrixProduct> products() {
        CudaContext context = CudaContext.of(gpu);
        Set<MatrixProduct> all = new HashSet<>(CublasLt.of(context).products());
        all.addAll(SideStream.of(context).products().products());
        return all;
    }

    /** The simulated device sums in one order, so that zeros behind a sum change no bit; a GPU may take another algorithm. */
    private static void assertNear(float[] found, float[] expected, DataType type) {
        if (Gpu.isSimulated()) {
            assertThat(found).containsExactly(expected);
            return;
        }
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            float difference = Math.abs(found[i] - expected[i]);
            assertThat(difference <= 4 * type.epsilon() * largest)
                    .as("element %d: %s and %s", i, found[i], expected[i])
                    .isTrue();
        }
    }

    private static float[] values(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() / 4;
        }
        return values;
    }
}
