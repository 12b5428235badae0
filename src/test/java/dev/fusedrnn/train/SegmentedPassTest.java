package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.nn.RnnGradients;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnPass;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SegmentedPassTest {
    private static final int T = 6;
    private static final int N = 2;
    private static final int C = 3;
    private static final int H = 4;

    private final Device device = Device.cpu();
    private final Kernels kernels = Kernels.of(device);

    @AfterEach
    void nothingLeaks() {
        kernels.close();
        assertThat(device.allocatedBytes()).isZero();
    }

    @Test
    void segmentsWithoutTruncationAreOnePass() {
        for (CellType cell : CellType.values()) {
            try (Rnn rnn = stack(cell);
                    Tensor x = random(T, N, C);
                    Tensor dy = random(T, N, H)) {
                float[] expected = full(rnn, x, dy);
                for (int segment : new int[] {1, 2, 3, 6}) {
                    assertClose(gradients(rnn, x, dy, segment, Truncation.none()), expected, 2e-5);
                }
            }
        }
    }

    @Test
    void truncationAtEveryBorderIsTheSumOverSegmentsFromConstantStates() {
        try (Rnn rnn = stack(CellType.GRU);
                Tensor x = random(T, N, C);
                Tensor dy = random(T, N, H);
                SegmentedPass forward = SegmentedPass.forward(rnn, kernels, x, 3)) {
            int half = T / 2;
            Tensor border = forward.y(0).view((half - 1L) * N * H, 1, N, H);
            double[] expected = new double[(int) rnn.flatGradients().elements()];
            for (int i = 0; i < 2; i++) {
                RnnInput input = RnnInput.of(x.view((long) i * half * N * C, half, N, C))
                        .withState(i == 0 ? null : border, null);
                try (RnnPass pass = rnn.forward(input);
                        RnnGradients unused = pass.backward(dy.view((long) i * half * N * H, half, N, H), null, null)) {
                    float[] part = rnn.flatGradients().toFloats();
                    for (int j = 0; j < part.length; j++) {
                        expected[j] += part[j];
                    }
                    assertThat(unused.dhx().elements()).isEqualTo(N * H);
                }
            }
            float[] found = gradients(rnn, x, dy, half, Truncation.atEveryBorder());
            for (int j = 0; j < found.length; j++) {
                assertThat((double) found[j]).isCloseTo(expected[j], within(2e-5));
            }
        }
    }

    /** The mean of many randomized gradients is the full one within five standard errors; the truncated one is not. */
    @Test
    void randomizedTruncationIsUnbiased() {
        int draws = 2000;
        try (Rnn rnn = stack(CellType.RNN_TANH);
                Tensor x = random(T, N, C);
                Tensor dy = random(T, N, H)) {
            float[] full = full(rnn, x, dy);
            float[] truncated = gradients(rnn, x, dy, 2, Truncation.atEveryBorder());
            Truncation randomized = Truncation.randomized(0.5, new Random(31));
            double[] sum = new double[full.length];
            double[] squares = new double[full.length];
            for (int draw = 0; draw < draws; draw++) {
                float[] gradient = gradients(rnn, x, dy, 2, randomized);
                for (int i = 0; i < gradient.length; i++) {
                    sum[i] += gradient[i];
                    squares[i] += (double) gradient[i] * gradient[i];
                }
            }
            int biased = 0;
            for (int i = 0; i < full.length; i++) {
                double mean = sum[i] / draws;
                double error = Math.sqrt(Math.max(0, squares[i] / draws - mean * mean) / draws);
                assertThat(Math.abs(mean - full[i])).isLessThan(5 * error + 1e-5);
                biased += Math.abs(truncated[i] - full[i]) > 5 * error + 1e-5 ? 1 : 0;
            }
            assertThat(biased).isGreaterThan(full.length / 2);
        }
    }

    /** In the linear regime of ReLU the gradient over k steps is the k-th power of the transposed W_hh. */
    @Test
    void gradientNormsFollowPowersOfTheRecurrentMatrix() {
        for (double scale : new double[] {0.3, 0.9}) {
            try (Rnn rnn = stack(CellType.RNN_RELU);
                    Tensor x = device.zeros(DataType.F32, 12, 1, C)) {
                kernels.fill(x, 1);
                double[] weights = positive(rnn, scale);
                GradientFlow flow = GradientFlow.measure(rnn, kernels, x);
                double[] gradient = {1, 1, 1, 1};
                for (int t = 11; t >= 0; t--) {
                    gradient = transposedTimes(weights, gradient);
                    double norm = 0;
                    for (double value : gradient) {
                        norm += value * value;
                    }
                    assertThat(flow.norms()[t] / Math.sqrt(norm)).isCloseTo(1, within(1e-5));
                }
                assertThat(flow.factorPerStep()).isCloseTo(flow.spectralRadius(), within(0.01 * scale));
                assertThat(flow.factorPerStep() > 1).isEqualTo(scale > 0.5);
            }
        }
    }

    @Test
    void spectralRadiusOfKnownMatrices() {
        assertThat(GradientFlow.spectralRadius(new double[] {3, 0, 0, -5}, 2)).isCloseTo(5, within(5e-3));
        // A rotation by 90 degrees times 2: both eigenvalues are imaginary.
        assertThat(GradientFlow.spectralRadius(new double[] {0, -2, 2, 0}, 2)).isCloseTo(2, within(2e-3));
        assertThat(GradientFlow.spectralRadius(new double[] {0, 1, 0, 0}, 2)).isZero();
        assertThatThrownBy(() -> GradientFlow.spectralRadius(new double[3], 2))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void badArguments() {
        assertThatThrownBy(() -> Truncation.randomized(0, new Random()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("p must be");
        try (Rnn rnn = stack(CellType.GRU);
                Tensor x = random(T, N, C)) {
            assertThatThrownBy(() -> SegmentedPass.forward(rnn, kernels, x, 4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("divisor of T = 6");
        }
    }

    private float[] gradients(Rnn rnn, Tensor x, Tensor dy, int segment, Truncation truncation) {
        try (SegmentedPass pass = SegmentedPass.forward(rnn, kernels, x, segment)) {
            pass.backward(dy, truncation);
            return rnn.flatGradients().toFloats();
        }
    }

    private static float[] full(Rnn rnn, Tensor x, Tensor dy) {
        try (RnnPass pass = rnn.forward(RnnInput.of(x));
                RnnGradients gradients = pass.backward(dy, null, null)) {
            assertThat(gradients.dx().elements()).isEqualTo(x.elements());
            return rnn.flatGradients().toFloats();
        }
    }

    /** Positive weights up to {@code scale}, so that no unit of a ReLU stack is ever cut off; returns W_hh. */
    private static double[] positive(Rnn rnn, double scale) {
        Random random = new Random(9);
        rnn.parameters().set("weight_ih_l0", random.doubles(H * C, 0, 1).toArray());
        rnn.parameters().set("bias_ih_l0", new double[H]);
        rnn.parameters().set("bias_hh_l0", new double[H]);
        double[] weights = random.doubles(H * H, 0, scale).toArray();
        rnn.parameters().set("weight_hh_l0", weights);
        return weights;
    }

    private static double[] transposedTimes(double[] matrix, double[] vector) {
        double[] result = new double[vector.length];
        for (int i = 0; i < vector.length; i++) {
            for (int j = 0; j < vector.length; j++) {
                result[j] += matrix[i * vector.length + j] * vector[i];
            }
        }
        return result;
    }

    private Rnn stack(CellType cell) {
        return Rnn.create(RnnConfig.of(cell, C, H), device, EngineChoice.REFERENCE, 2);
    }

    private Tensor random(long... extents) {
        Tensor tensor = device.allocate(DataType.F32, extents);
        tensor.copyFrom(new Random(3).doubles(tensor.elements(), -1, 1).toArray());
        return tensor;
    }

    private static void assertClose(float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i], within(tolerance));
        }
    }
}
