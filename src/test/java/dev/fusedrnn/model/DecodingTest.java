package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodingTest {
    private static final double[] P = {0.5, 0.3, 0.15, 0.05};
    private static final int DRAWS = 40_000;

    @Test
    void greedyTakesTheLikeliest() {
        assertThat(frequencies(Decoding.greedy())).containsExactly(1, 0, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 2})
    void powersOfTheDistribution(double alpha) {
        double total = 0;
        for (double p : P) {
            total += Math.pow(p, alpha);
        }
        double[] found = frequencies(Decoding.power(alpha, 5));
        for (int i = 0; i < P.length; i++) {
            double expected = Math.pow(P[i], alpha) / total;
            assertThat(found[i]).isCloseTo(expected, within(5 * Math.sqrt(expected * (1 - expected) / DRAWS)));
        }
    }

    @Test
    void topKDrawsFromTheLikeliestAlone() {
        double[] found = frequencies(Decoding.sampling(5).withTopK(2));
        assertThat(found[0]).isCloseTo(0.625, within(5 * Math.sqrt(0.625 * 0.375 / DRAWS)));
        assertThat(found[2]).isZero();
        assertThat(found[3]).isZero();
        assertThat(frequencies(Decoding.sampling(5).withTopK(1))).containsExactly(1, 0, 0, 0);
        assertThat(frequencies(Decoding.sampling(5).withTopK(9))).isEqualTo(frequencies(Decoding.sampling(5)));
    }

    @Test
    void impossibleTokensAreNeverDrawn() {
        float[] logits = {Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY};
        Random random = new Random(1);
        for (int i = 0; i < 100; i++) {
            assertThat(new Decoding(100, 0, 0).choose(logits.clone(), random)).isEqualTo(1);
        }
    }

    @Test
    void badArguments() {
        assertThatThrownBy(() -> new Decoding(Double.NaN, 0, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new Decoding(-1, 0, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new Decoding(1, -1, 0)).hasMessageContaining("topK");
        assertThatThrownBy(() -> Decoding.power(0, 0)).hasMessageContaining("alpha");
    }

    private static double[] frequencies(Decoding decoding) {
        Random random = decoding.random();
        double[] found = new double[P.length];
        for (int i = 0; i < DRAWS; i++) {
            float[] logits = new float[P.length];
            for (int j = 0; j < P.length; j++) {
                logits[j] = (float) Math.log(P[j]);
            }
            found[decoding.choose(logits, random)] += 1.0 / DRAWS;
        }
        for (int j = 0; j < found.length; j++) {
            found[j] = Math.round(found[j] * DRAWS) / (double) DRAWS;
        }
        return found;
    }
}
