package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses and gradients of training on the GPU against the CPU reference, from features and from tokens. */
@Tag("gpu")
class GpuGradientsTest {
    private static final int T = 6;
    private static final int N = 8;
    private static final int M = T * N;

    @ParameterizedTest
    @CsvSource({
        "FUSED, LSTM",
        "FUSED, GRU",
        "FUSED, RNN_TANH",
        "CUDNN, LSTM",
        "CUDNN, GRU",
        "CUDNN, RNN_TANH",
        "AUTO, LSTM"
    })
    void lossAndGradientsAreThoseOfTheReference(EngineChoice choice, CellType cell) {
        LanguageNetworkConfig config = TinyLanguage.everyPart(cell, DataType.F32);
        int[] inputs = new Random(1).ints(M, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(M, 0, TinyLanguage.V).toArray();
        targets[7] = -1;
        float[] expected;
        double expectedLoss;
        try (Device cpu = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, cpu, 7)) {
            expectedLoss = differentiate(network, inputs, targets);
            expected = network.parameters().gradients().toFloats();
        }
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7)) {
            assertThat(differentiate(network, inputs, targets)).isCloseTo(expectedLoss, within(1e-3));
            float[] found = network.parameters().gradients().toFloats();
            for (int i = 0; i < found.length; i++) {
                assertThat((double) found[i]).isCloseTo(expected[i], within(5e-5));
            }
        }
    }

    /** Masks are the same on both devices, so with everything dropped the gradients are too. */
    @ParameterizedTest
    @CsvSource({"FUSED", "CUDNN"})
    void regularizedLossAndGradientsAreThoseOfTheReference(EngineChoice choice) {
        LanguageNetworkConfig config = TinyLanguage.everyPart(CellType.LSTM, DataType.F32)
                .withDropouts(new Dropouts(0.2, 0.25, 0.4, 0.3, true));
        int[] inputs = new Random(1).ints(M, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(M, 0, TinyLanguage.V).toArray();
        double[][] losses = new double[2][];
        float[][] gradients = new float[2][];
        for (int side = 0; side < 2; side++) {
            try (Device device = side == 0 ? Device.cpu() : Gpu.open();
                    LanguageNetwork network =
                            TinyLanguage.network(config, device, side == 0 ? EngineChoice.REFERENCE : choice, 7);
                    SequencePass pass = new SequencePass(network, T, N, true, true, new ActivityPenalty(2, 1));
                    Tensor scale = device.of(DataType.F32, new float[] {1f / M}, 1)) {
                pass.load(inputs, targets, 5, 0);
                pass.differentiate(scale);
                losses[side] = new double[] {pass.takeLoss(), pass.takePenalty()};
                gradients[side] = network.parameters().gradients().toFloats();
            }
        }
        assertThat(losses[1][0]).isCloseTo(losses[0][0], within(1e-3));
        assertThat(losses[1][1]).isCloseTo(losses[0][1], within(1e-4));
        for (int i = 0; i < gradients[0].length; i++) {
            assertThat((double) gradients[1][i]).isCloseTo(gradients[0][i], within(5e-5));
        }
    }

    /** The first layer reads tokens on the GPU and features on the CPU, in training and in validation. */
    @ParameterizedTest
    @CsvSource({
        "LSTM, 0, 1, false, F32",
        "GRU, 0, 2, false, F32",
        "RNN_TANH, 32, 1, false, F32",
        "LSTM, 32, 2, true, F32",
        "GRU, 32, 1, true, F32",
        "LSTM, 0, 1, false, BF16",
        "GRU, 32, 1, true, BF16"
    })
    void throughTokensLossAndGradientsAreThoseOfTheReference(
            CellType cell, int embedding, int layers, boolean tied, DataType type) {
        RnnConfig rnn = RnnConfig.of(cell, embedding == 0 ? TinyLanguage.V : embedding, 32)
                .withLayers(layers)
                .withDataType(type);
        LanguageNetworkConfig config =
                LanguageNetworkConfig.of(TinyLanguage.V, embedding, rnn).withTied(tied);
        int[] inputs = new Random(1).ints(M, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(M, 0, TinyLanguage.V).toArray();
        double[][] losses = new double[2][];
        float[][] gradients = new float[2][];
        for (int side = 0; side < 2; side++) {
            EngineChoice choice = side == 0 ? EngineChoice.REFERENCE : EngineChoice.FUSED;
            try (Device device = side == 0 ? Device.cpu() : Gpu.openForTokens();
                    LanguageNetwork network = TinyLanguage.network(config, device, choice, 7);
                    SequencePass pass = new SequencePass(network, T, N, true, true);
                    SequencePass validation = new SequencePass(network, T, N, false, true);
                    Tensor scale = device.of(DataType.F32, new float[] {1f / M}, 1)) {
                assertThat(pass.stackInputs() == null).isEqualTo(side == 1);
                assertThat(validation.stackInputs() == null).isEqualTo(side == 1);
                // Twice, so that the second pass meets the gradients and the memory of the first.
                for (int repeat = 0; repeat < 2; repeat++) {
                    pass.load(inputs, targets, 5, 0);
                    pass.differentiate(scale);
                }
                validation.load(inputs, targets, 5, 0);
                validation.evaluate();
                losses[side] = new double[] {pass.takeLoss(), validation.takeLoss()};
                gradients[side] = network.parameters().gradients().toFloats();
            }
        }
        // Losses are sums over all tokens, of logits rounded to their type.
        boolean half = type.isHalf();
        assertThat(losses[1]).containsExactly(losses[0], within(half ? 0.1 : 1e-3));
        for (int i = 0; i < gradients[0].length; i++) {
            assertThat((double) gradients[1][i])
                    .as("gradient %d", i)
                    .isCloseTo(gradients[0][i], within(half ? 2e-3 : 5e-5));
        }
    }

    /** What is dropped between the embedding and the first layer needs features, and so does a vocabulary larger than a minibatch. */
    @Test
    void tokensAreReadWhereNothingLiesBetweenThemAndTheFirstLayer() {
        LanguageNetworkConfig plain = TinyLanguage.embedded(CellType.LSTM, 8);
        try (Device gpu = Gpu.open()) {
            assertThat(readsTokens(gpu, plain, 3, 4, true)).as("a tiny product").isFalse();
        }
        try (Device gpu = Gpu.openForTokens()) {
            assertThat(readsTokens(gpu, plain, 3, 4, true)).isTrue();
            assertThat(readsTokens(gpu, plain, 3, 3, true)).isFalse();
            assertThat(readsTokens(gpu, plain.withDropout(0, 0.5), 3, 4, true)).isTrue();
            LanguageNetworkConfig dropsInput = plain.withDropout(0.5, 0);
            assertThat(readsTokens(gpu, dropsInput, 3, 4, true)).isFalse();
            assertThat(readsTokens(gpu, dropsInput, 3, 4, false)).isTrue();
            LanguageNetworkConfig dropsRows = plain.withDropouts(new Dropouts(0.1, 0, 0, 0, false));
            assertThat(readsTokens(gpu, dropsRows, 3, 4, true)).isFalse();
            assertThat(readsTokens(gpu, dropsRows, 3, 4, false)).isTrue();
        }
    }

    private static boolean readsTokens(
            Device gpu, LanguageNetworkConfig config, int steps, int batch, boolean training) {
        try (LanguageNetwork network = TinyLanguage.network(config, gpu, EngineChoice.FUSED, 7);
                SequencePass pass = new SequencePass(network, steps, batch, training, true)) {
            return pass.stackInputs() == null;
        }
    }

    /** A minibatch too short for the vocabulary takes features beside a longer one that takes tokens. */
    @Test
    void aShorterPassMayReadFeatures() {
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.GRU, 8);
        int[] inputs = new Random(1).ints(N, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(N, 0, TinyLanguage.V).toArray();
        float[][] gradients = new float[2][];
        for (int side = 0; side < 2; side++) {
            EngineChoice choice = side == 0 ? EngineChoice.REFERENCE : EngineChoice.FUSED;
            try (Device device = side == 0 ? Device.cpu() : Gpu.openForTokens();
                    LanguageNetwork network = TinyLanguage.network(config, device, choice, 7);
                    SequencePass longest = new SequencePass(network, T, N, true, true);
                    SequencePass shorter = longest.shorter(1);
                    Tensor scale = device.of(DataType.F32, new float[] {1f / N}, 1)) {
                assertThat(longest.stackInputs() == null).isEqualTo(side == 1);
                assertThat(shorter.stackInputs()).isNotNull();
                shorter.load(inputs, targets, 5, 0);
                shorter.differentiate(scale);
                gradients[side] = network.parameters().gradients().toFloats();
            }
        }
        for (int i = 0; i < gradients[0].length; i++) {
            assertThat((double) gradients[1][i]).as("gradient %d", i).isCloseTo(gradients[0][i], within(5e-5));
        }
    }

    private static double differentiate(LanguageNetwork network, int[] inputs, int[] targets) {
        try (SequencePass pass = new SequencePass(network, T, N, true, true);
                Tensor scale = network.device().of(DataType.F32, new float[] {1f / (M - 1)}, 1)) {
            pass.load(inputs, targets, 5, 0);
            pass.differentiate(scale);
            return pass.takeLoss();
        }
    }
}
