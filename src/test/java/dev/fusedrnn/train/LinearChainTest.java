package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinearChainTest {
    private static double[] random(int count, Random random) {
        return random.doubles(count, -2, 2).toArray();
    }

    private static LinearChain chain(int tags, Random random) {
        return new LinearChain(tags, random(tags * tags, random), random(tags, random), random(tags, random));
    }

    /** Score of a sequence of tags, digit t of {@code code} in base K being the tag of step t. */
    private static double score(LinearChain chain, double[] e, int[] y) {
        double score = chain.start()[y[0]] + chain.end()[y[y.length - 1]];
        for (int t = 0; t < y.length; t++) {
            score += e[t * chain.tags() + y[t]];
            if (t > 0) {
                score += chain.transitions()[y[t - 1] * chain.tags() + y[t]];
            }
        }
        return score;
    }

    private static int[] digits(int code, int base, int steps) {
        int[] digits = new int[steps];
        for (int t = 0; t < steps; t++) {
            digits[t] = code % base;
            code /= base;
        }
        return digits;
    }

    /** Against the sum over all K^T sequences, and the best of them. */
    @ParameterizedTest
    @CsvSource({"1,1", "1,4", "2,1", "3,2", "3,5", "4,4"})
    void lossAndBestAreThoseOfAllSequences(int tags, int steps) {
        Random random = new Random(10 * tags + steps);
        LinearChain chain = chain(tags, random);
        double[] e = random(steps * tags, random);
        int[] expected = random.ints(steps, 0, tags).toArray();
        double sum = 0;
        double most = Double.NEGATIVE_INFINITY;
        int[] best = null;
        for (int code = 0; code < Math.pow(tags, steps); code++) {
            int[] y = digits(code, tags, steps);
            double score = score(chain, e, y);
            sum += Math.exp(score);
            if (score > most) {
                most = score;
                best = y;
            }
        }
        assertThat(chain.loss(e, expected)).isCloseTo(Math.log(sum) - score(chain, e, expected), within(1e-12));
        assertThat(chain.best(e)).containsExactly(best);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void gradientsAreDifferences(int steps) {
        Random random = new Random(steps);
        LinearChain chain = chain(3, random);
        double[] e = random(steps * 3, random);
        int[] expected = random.ints(steps, 0, 3).toArray();
        double[] de = new double[e.length];
        LinearChain.Gradients sums = new LinearChain.Gradients(3);

        double loss = chain.differentiate(e, expected, de, sums);

        assertThat(loss).isEqualTo(chain.loss(e, expected));
        for (int twice = 0; twice < 2; twice++) {
            check(chain, e, expected, e, de, 1);
            check(chain, e, expected, chain.transitions(), sums.transitions, 1 + twice);
            check(chain, e, expected, chain.start(), sums.start, 1 + twice);
            check(chain, e, expected, chain.end(), sums.end, 1 + twice);
            chain.differentiate(e, expected, de, sums);
        }
    }

    private static void check(
            LinearChain chain, double[] e, int[] expected, double[] values, double[] found, int times) {
        for (int i = 0; i < values.length; i++) {
            double value = values[i];
            values[i] = value + 1e-5;
            double above = chain.loss(e, expected);
            values[i] = value - 1e-5;
            double below = chain.loss(e, expected);
            values[i] = value;
            assertThat(found[i]).isCloseTo(times * (above - below) / 2e-5, within(1e-8));
        }
    }

    /** Scores far beyond what an exponential can hold. */
    @Test
    void largeScoresStayFinite() {
        LinearChain chain = new LinearChain(2, new double[4], new double[2], new double[2]);
        double[] e = {1e4, -1e4, 1e4, -1e4, -1e4, 1e4};
        double[] de = new double[6];

        double loss = chain.differentiate(e, new int[] {0, 0, 0}, de, new LinearChain.Gradients(2));

        assertThat(loss).isCloseTo(2e4, within(1e-8));
        assertThat(Arrays.stream(de).map(Math::abs).sum()).isCloseTo(2, within(1e-12));
        assertThat(chain.best(e)).containsExactly(0, 0, 1);
    }
}
