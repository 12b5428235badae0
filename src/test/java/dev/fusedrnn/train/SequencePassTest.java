package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SequencePassTest {
    private static final int T = 4;
    private static final int N = 3;
    private static final int M = T * N;

    static Stream<LanguageNetworkConfig> networks() {
        RnnConfig bidirectional = RnnConfig.of(CellType.RNN_TANH, 4, 3).withBidirectional(true);
        return Stream.of(
                TinyLanguage.oneHot(CellType.GRU, 4),
                TinyLanguage.embedded(CellType.LSTM, 3),
                LanguageNetworkConfig.of(TinyLanguage.V, 4, bidirectional),
                TinyLanguage.tiedWithDropout(DataType.F32));
    }

    /** Every parameter's gradient against central differences of the mean loss, dropout masks fixed. */
    @ParameterizedTest
    @MethodSource("networks")
    void gradientOfTheWholeModelIsItsDifference(LanguageNetworkConfig config) {
        int[] inputs = tokens(1);
        int[] targets = tokens(2);
        targets[5] = -1;
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 7);
                SequencePass pass = new SequencePass(network, T, N, true, false);
                Tensor scale = device.of(DataType.F32, new float[] {1f / (M - 1)}, 1)) {
            pass.load(inputs, targets, 99, 3);
            pass.differentiate(scale);
            pass.takeLoss();
            float[] found = network.parameters().gradients().toFloats();
            int compared = 0;
            for (Parameters.Entry entry : network.parameters().entries()) {
                float[] values = network.parameters().get(entry.name());
                for (int i = 0; i < values.length; i++) {
                    double difference = difference(network, pass, scale, entry.name(), values, i) / (M - 1);
                    assertThat((double) found[(int) entry.offset() + i])
                            .as("%s[%d]", entry.name(), i)
                            .isCloseTo(difference, within(3e-4));
                    compared++;
                }
            }
            assertThat(compared).isEqualTo((int) network.parameters().count());
        }
    }

    private static double difference(
            LanguageNetwork network, SequencePass pass, Tensor scale, String name, float[] values, int at) {
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            float[] moved = values.clone();
            moved[at] += side == 0 ? 0x1p-7f : -0x1p-7f;
            network.parameters().set(name, moved);
            pass.differentiate(scale);
            losses[side] = pass.takeLoss();
        }
        network.parameters().set(name, values);
        return (losses[0] - losses[1]) / 0x1p-6;
    }

    /**
     * Two minibatches of a carried state: the second's loss is that of the whole sequence, its gradient is full
     * backpropagation within the minibatch from a constant state, and nothing flows into the first.
     */
    @Test
    void gradientsStopBetweenMinibatchesAndTheStateDoesNot() {
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.LSTM, 4);
        int[] text = new Random(5).ints(2 * M + N, 0, TinyLanguage.V).toArray();
        int[] first = Arrays.copyOfRange(text, 0, M);
        int[] second = Arrays.copyOfRange(text, M, 2 * M);
        int[] firstTargets = Arrays.copyOfRange(text, N, M + N);
        int[] secondTargets = Arrays.copyOfRange(text, M + N, 2 * M + N);
        int[] ignored = new int[M];
        Arrays.fill(ignored, -1);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 7);
                SequencePass chunks = new SequencePass(network, T, N, true, true);
                SequencePass whole = new SequencePass(network, 2 * T, N, true, true);
                Tensor one = device.of(DataType.F32, new float[] {1}, 1)) {
            chunks.load(first, firstTargets, 0, 0);
            chunks.differentiate(one);
            double loss = chunks.takeLoss();
            float[] stateAfterFirst = chunks.states().get(0).h().toFloats();
            chunks.load(second, secondTargets, 0, 0);
            chunks.differentiate(one);
            double secondLoss = chunks.takeLoss();
            float[] truncated = network.parameters().gradients().toFloats();

            whole.load(text, Arrays.copyOfRange(text, N, 2 * M + N), 0, 0);
            whole.differentiate(one);
            assertThat(loss + secondLoss).isCloseTo(whole.takeLoss(), within(1e-4));

            // The state at the border is what it is; a pass that starts there has the truncated gradient.
            chunks.resetState();
            chunks.load(first, ignored, 0, 0);
            chunks.evaluate();
            assertThat(chunks.states().get(0).h().toFloats()).containsExactly(stateAfterFirst);
            chunks.load(second, secondTargets, 0, 0);
            chunks.differentiate(one);
            assertThat(network.parameters().gradients().toFloats()).containsExactly(truncated);

            // Tokens that only the first minibatch holds get no gradient from the second's loss, in full they would.
            whole.resetState();
            whole.load(text, concatenated(ignored, secondTargets), 0, 0);
            whole.differentiate(one);
            float[] full = network.parameters().gradients().toFloats();
            assertThat(distance(full, truncated)).isGreaterThan(1e-3);
        }
    }

    @Test
    void resetStateStartsFromZero() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 7);
                SequencePass carried = new SequencePass(network, T, N, false, true);
                SequencePass fresh = new SequencePass(network, T, N, false, false)) {
            int[] inputs = tokens(1);
            int[] targets = tokens(2);
            fresh.load(inputs, targets, 0, 0);
            fresh.evaluate();
            double expected = fresh.takeLoss();
            carried.load(inputs, targets, 0, 0);
            carried.evaluate();
            assertThat(carried.takeLoss()).isEqualTo(expected);
            carried.evaluate();
            assertThat(carried.takeLoss()).isNotEqualTo(expected);
            carried.resetState();
            carried.evaluate();
            assertThat(carried.takeLoss()).isEqualTo(expected);
        }
    }

    private static int[] tokens(long seed) {
        return new Random(seed).ints(M, 0, TinyLanguage.V).toArray();
    }

    private static int[] concatenated(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum;
    }
}
