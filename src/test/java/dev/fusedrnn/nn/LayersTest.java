package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LayersTest {
    private static final int V = 7;
    private static final int E = 5;
    private static final int M = 11;

    private final Device device = Device.cpu();
    private final Kernels kernels = Kernels.of(device);
    private final Random random = new Random(17);

    @AfterEach
    void close() {
        kernels.close();
        assertThat(device.allocatedBytes()).isZero();
    }

    @Test
    void oneHotProductIsLookupAndGradientsAreEqual() {
        int[] tokens = tokens(M, V);
        try (Parameters parameters = Parameters.builder()
                        .add("table", V, E)
                        .add("weight", E, V)
                        .build(device, DataType.F32);
                OneHotInput indicators = new OneHotInput(kernels, DataType.F32, V);
                Embedding embedding = new Embedding(kernels, parameters, "table");
                Tensor ids = ints(tokens);
                Tensor oneHot = device.zeros(DataType.F32, M, V);
                Tensor product = device.zeros(DataType.F32, M, E);
                Tensor lookup = device.zeros(DataType.F32, M, E);
                Tensor dOut = floats(M, E)) {
            float[] table = values(V * E);
            parameters.set("table", table);
            parameters.set("weight", transposed(table, V, E));
            Linear linear = new Linear(kernels, parameters, "weight", null);
            indicators.forward(ids, oneHot);
            linear.forward(oneHot, product);
            embedding.forward(ids, lookup);
            assertThat(lookup.toFloats()).containsExactly(product.toFloats());
            linear.backwardParameters(oneHot, dOut, false);
            embedding.backward(ids, dOut, false);
            float[] sparse = parameters.gradient("table").toFloats();
            float[] dense = transposed(parameters.gradient("weight").toFloats(), E, V);
            for (int i = 0; i < sparse.length; i++) {
                assertThat(sparse[i]).isCloseTo(dense[i], within(1e-6f));
            }
            assertThat(indicators.hasParameters()).isFalse();
            assertThat(oneHot.toFloats()[tokens[0]]).isEqualTo(1);
        }
    }

    /** Uniform logits over 10 classes and lengths 4, 2, 0 of 4: 2.3026, 1.1513 and 0 as means over time. */
    @Test
    void maskedMeanOfUniformLogits() {
        int steps = 4;
        int batch = 3;
        int[] lengths = {4, 2, 0};
        int[] targets = new int[steps * batch];
        for (int t = 0; t < steps; t++) {
            for (int n = 0; n < batch; n++) {
                targets[t * batch + n] = t < lengths[n] ? (t + n) % 10 : -1;
            }
        }
        try (Parameters parameters = Parameters.builder()
                        .add("weight", 10, E)
                        .add("bias", 10)
                        .build(device, DataType.F32);
                SoftmaxLoss loss = new SoftmaxLoss(
                        kernels,
                        new Linear(kernels, parameters, "weight", "bias"),
                        DataType.F32,
                        steps * batch,
                        false);
                Tensor features = floats(steps * batch, E);
                Tensor targetIds = ints(targets)) {
            loss.forward(features, targetIds);
            float[] losses = loss.losses().toFloats();
            double[] means = new double[batch];
            for (int i = 0; i < losses.length; i++) {
                means[i % batch] += losses[i] / steps;
            }
            assertThat(means[0]).isCloseTo(2.3026, within(5e-5));
            assertThat(means[1]).isCloseTo(1.1513, within(5e-5));
            assertThat(means[2]).isZero();
        }
    }

    @Test
    void chunksChangeNothingAndIgnoredRowsHaveNoGradient() {
        int[] targets = tokens(M, V);
        targets[4] = -1;
        float[] weight = values(V * E);
        float[] x = values(M * E);
        float[][] whole = lossAndGradients(weight, x, targets, M);
        float[][] chunked = lossAndGradients(weight, x, targets, 3);
        for (int part = 0; part < whole.length; part++) {
            assertThat(chunked[part]).hasSameSizeAs(whole[part]);
            for (int i = 0; i < whole[part].length; i++) {
                assertThat(chunked[part][i]).isCloseTo(whole[part][i], within(1e-6f));
            }
        }
        assertThat(whole[0][4]).isZero();
        for (int j = 0; j < E; j++) {
            assertThat(whole[1][4 * E + j]).isZero();
        }
    }

    @Test
    void gradientsOfTheMaskedMeanAreItsDifferences() {
        int[] targets = tokens(M, V);
        targets[2] = -1;
        targets[9] = -1;
        float[] weight = values(V * E);
        float[] x = values(M * E);
        float[][] found = lossAndGradients(weight, x, targets, 4);
        float step = 1e-2f;
        for (int i = 0; i < weight.length; i++) {
            float[] up = weight.clone();
            float[] down = weight.clone();
            up[i] += step;
            down[i] -= step;
            double difference = (mean(lossAndGradients(up, x, targets, 4)[0], 9)
                            - mean(lossAndGradients(down, x, targets, 4)[0], 9))
                    / (up[i] - down[i]);
            assertThat((double) found[2][i]).isCloseTo(difference, within(2e-4));
        }
    }

    @Test
    void logitsOfALargeBatchAreNotStored() {
        int rows = 4096;
        int classes = 8192;
        try (Parameters parameters =
                        Parameters.builder().add("weight", classes, 1).build(device, DataType.F32);
                SoftmaxLoss loss = new SoftmaxLoss(
                        kernels, new Linear(kernels, parameters, "weight", null), DataType.F32, rows, true)) {
            long logits = 4L * rows * classes;
            assertThat(device.peakBytes()).isLessThan(logits / 4);
            assertThat(loss.losses().elements()).isEqualTo(rows);
        }
    }

    /** More rows than there are addresses, whose logits are taken chunk by chunk. */
    @Test
    void aLossThatGetsNoMemoryLeavesNothingBehind() {
        try (Parameters parameters = Parameters.builder().add("weight", V, E).build(device, DataType.F32)) {
            Linear head = new Linear(kernels, parameters, "weight", null);
            long before = device.allocatedBytes();

            assertThatThrownBy(() -> new SoftmaxLoss(kernels, head, DataType.F32, 1L << 50, false))
                    .isInstanceOf(OutOfMemoryError.class);

            assertThat(device.allocatedBytes()).isEqualTo(before);
            assertThat(device.peakBytes()).as("logits were taken").isGreaterThan(before);
        }
    }

    @Test
    void oneHotRefusesALargeVocabulary() {
        assertThatThrownBy(() -> new OneHotInput(kernels, DataType.F32, 10_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("use an embedding");
    }

    /** Losses, gradient of the features, gradient of the weight, gradient of the bias; of the mean over valid targets. */
    private float[][] lossAndGradients(float[] weight, float[] x, int[] targets, int chunk) {
        long valid = Arrays.stream(targets).filter(t -> t >= 0).count();
        try (Parameters parameters =
                        Parameters.builder().add("weight", V, E).add("bias", V).build(device, DataType.F32);
                SoftmaxLoss loss = new SoftmaxLoss(
                        kernels,
                        new Linear(kernels, parameters, "weight", "bias"),
                        DataType.F32,
                        M,
                        chunk,
                        true,
                        false);
                Tensor features = device.of(DataType.F32, x, M, E);
                Tensor targetIds = ints(targets);
                Tensor scale = device.of(DataType.F32, new float[] {1f / valid}, 1);
                Tensor dFeatures = device.zeros(DataType.F32, M, E)) {
            parameters.set("weight", weight);
            loss.forwardBackward(features, targetIds, scale, dFeatures);
            return new float[][] {
                loss.losses().toFloats(),
                dFeatures.toFloats(),
                parameters.gradient("weight").toFloats(),
                parameters.gradient("bias").toFloats()
            };
        }
    }

    private static double mean(float[] losses, int valid) {
        double sum = 0;
        for (float loss : losses) {
            sum += loss;
        }
        return sum / valid;
    }

    private int[] tokens(int count, int limit) {
        return random.ints(count, 0, limit).toArray();
    }

    private Tensor ints(int[] values) {
        Tensor tensor = device.allocate(DataType.I32, values.length);
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor floats(int rows, int columns) {
        return device.of(DataType.F32, values(rows * columns), rows, columns);
    }

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] transposed(float[] matrix, int rows, int columns) {
        float[] result = new float[matrix.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                result[j * rows + i] = matrix[i * columns + j];
            }
        }
        return result;
    }
}
