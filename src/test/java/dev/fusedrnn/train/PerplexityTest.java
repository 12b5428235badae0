package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.TokenSequence;
import org.junit.jupiter.api.Test;

class PerplexityTest {
    private static final int[] TEXT = {1, 2, 2, 3, 0, 5, 4, 1, 1, 3, 2};

    @Test
    void weightsByTokens() {
        Perplexity perplexity = new Perplexity();
        perplexity.add(3 * Math.log(2), 3);
        perplexity.add(Math.log(32), 1);
        assertThat(perplexity.value()).isCloseTo(4, within(1e-12));
        assertThat(perplexity.tokens()).isEqualTo(4);
        assertThat(new Perplexity().value()).isNaN();
        assertThatThrownBy(() -> perplexity.add(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isVForAUniformModel() {
        assertThat(withHeadBias(new float[TinyLanguage.V], TEXT)).isCloseTo(TinyLanguage.V, within(1e-5));
    }

    @Test
    void isOneForAModelThatIsCertainAndRight() {
        assertThat(withHeadBias(new float[] {0, 0, 200, 0, 0, 0}, new int[] {4, 2, 2, 2, 2}))
                .isEqualTo(1);
    }

    @Test
    void isInfiniteWhereATrueTokenHasProbabilityZero() {
        float[] bias = {0, 0, Float.NEGATIVE_INFINITY, 0, 0, 0};
        assertThat(withHeadBias(bias, TEXT)).isInfinite();
    }

    @Test
    void isTheSameHoweverTheTextIsCutWhereTheStateDoesNotMatter() {
        float[] bias = {0.3f, -1, 0.5f, 0, 2, 0.1f};
        double expected = withHeadBias(bias, TEXT);
        try (Device device = Device.cpu();
                LanguageNetwork network = zeroWith(bias, device);
                TokenSequence tokens = TokenSequence.of(TEXT)) {
            for (int batch = 1; batch <= 4; batch++) {
                for (int steps = 1; steps <= 12; steps++) {
                    Perplexity found = evaluate(network, tokens, batch, steps);
                    assertThat(found.tokens()).isEqualTo(TEXT.length - 1);
                    assertThat(found.value()).isCloseTo(expected, within(1e-5));
                }
            }
        }
    }

    @Test
    void stateIsCarriedThroughTheWholeText() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 3);
                TokenSequence tokens = TokenSequence.of(TEXT)) {
            double whole = evaluate(network, tokens, 1, TEXT.length - 1).value();
            assertThat(evaluate(network, tokens, 1, 3).value()).isCloseTo(whole, within(1e-5));
        }
    }

    private static Perplexity evaluate(LanguageNetwork network, TokenSequence tokens, int batch, int steps) {
        try (Evaluator evaluator = new Evaluator(network, new WholeText(tokens, batch, steps))) {
            return evaluator.run();
        }
    }

    private static double withHeadBias(float[] bias, int[] text) {
        try (Device device = Device.cpu();
                LanguageNetwork network = zeroWith(bias, device);
                TokenSequence tokens = TokenSequence.of(text)) {
            return evaluate(network, tokens, 1, 4).value();
        }
    }

    private static LanguageNetwork zeroWith(float[] bias, Device device) {
        LanguageNetwork network =
                LanguageNetwork.create(TinyLanguage.oneHot(CellType.LSTM, 3), device, EngineChoice.REFERENCE);
        network.parameters().set("head.bias", bias);
        return network;
    }
}
