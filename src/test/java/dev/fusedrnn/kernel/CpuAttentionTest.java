package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Additive attention by values that are known beforehand; gradients are held against differences with whole networks. */
class CpuAttentionTest extends CpuKernelSuite {
    private static final int S = 4;
    private static final int N = 3;
    private static final int A = 2;
    private static final int F = 3;

    private Attention step(DataType type, Tensor weight, Tensor lengths) {
        return new Attention(
                random(type, N * A),
                shaped(random(type, S * N * A), A),
                weight,
                shaped(random(type, S * N * F), F),
                lengths,
                keep(device.zeros(DataType.F32, S, N)),
                keep(device.zeros(type, N, F)));
    }

    private static Tensor shaped(Tensor flat, int width) {
        return flat.view(0, S, N, width);
    }

    /** Equal scores share alike: the context is the mean of the valid values. */
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void equalScoresShareAlikeWithinTheLengths(DataType type) {
        Attention step = step(type, keep(device.zeros(type, A)), ints(3, 1, 4));
        kernels.fill(step.shares(), Float.NaN);
        kernels.attention(step);
        int[] lengths = {3, 1, 4};
        float[] shares = step.shares().toFloats();
        float[] values = step.values().toFloats();
        float[] context = step.context().toFloats();
        for (int n = 0; n < N; n++) {
            for (int s = 0; s < S; s++) {
                assertThat(shares[s * N + n]).isCloseTo(s < lengths[n] ? 1f / lengths[n] : 0, within(1e-6f));
            }
            for (int f = 0; f < F; f++) {
                double mean = 0;
                for (int s = 0; s < lengths[n]; s++) {
                    mean += values[(s * N + n) * F + f] / lengths[n];
                }
                assertThat((double) context[n * F + f]).isCloseTo(mean, within(1e-6 + type.epsilon()));
            }
        }
    }

    /** What stands behind a length has no influence, and gradients are added where steps share a tensor. */
    @Test
    void gradientsAreAddedAndStayWithinTheLengths() {
        Attention step = step(DataType.F32, floats(0.5f, -2), ints(2, 1, 4));
        kernels.attention(step);
        Tensor dKeys = keep(device.zeros(DataType.F32, S * N * A));
        Tensor dWeight = keep(device.zeros(DataType.F32, N * A));
        Tensor dValues = keep(device.zeros(DataType.F32, S * N * F));
        Attention.Gradients gradients = new Attention.Gradients(
                random(DataType.F32, N * F),
                keep(device.zeros(DataType.F32, S * N)),
                keep(device.zeros(DataType.F32, N * A)),
                dKeys,
                dWeight,
                dValues);
        kernels.attentionBackward(step, gradients);
        float[] once = dKeys.toFloats();
        float[] values = dValues.toFloats();
        float[] query = gradients.dQuery().toFloats();
        kernels.attentionBackward(step, gradients);
        float[] twice = dKeys.toFloats();
        for (int i = 0; i < once.length; i++) {
            assertThat(twice[i]).isCloseTo(2 * once[i], within(1e-6f));
            int s = i / (N * A);
            int length = new int[] {2, 1, 4}[i / A % N];
            // One valid step has all of the context whatever its score.
            assertThat(once[i] == 0).isEqualTo(s >= length || length == 1);
        }
        assertThat(gradients.dQuery().toFloats()).containsExactly(query);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i] == 0).isEqualTo(i / (N * F) >= new int[] {2, 1, 4}[i / F % N]);
        }
    }

    @Test
    void illShapedTensorsAreRefused() {
        Attention right = step(DataType.F32, floats(1, 1), ints(1, 1, 1));
        Attention wrong = new Attention(
                right.query(),
                right.keys(),
                right.weight(),
                right.values(),
                ints(1, 1),
                right.shares(),
                right.context());
        assertThatThrownBy(() -> kernels.attention(wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("lengths must be I32 with 3 elements, found");
        Tensor flat = floats(randoms(S * N * A));
        assertThatThrownBy(() -> kernels.attention(new Attention(
                        right.query(),
                        flat,
                        right.weight(),
                        right.values(),
                        right.lengths(),
                        right.shares(),
                        right.context())))
                .hasMessageStartingWith("keys and values must have three axes");
    }
}
