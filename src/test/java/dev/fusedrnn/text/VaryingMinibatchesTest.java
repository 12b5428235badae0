package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VaryingMinibatchesTest {
    private static TokenSequence upTo(int last) {
        return TokenSequence.of(IntStream.rangeClosed(0, last).toArray());
    }

    /** Each row is walked along once, in order, whatever the lengths; only its end is padded. */
    @ParameterizedTest
    @CsvSource({"1000, 3, 20", "4001, 7, 70", "100, 1, 35", "200, 4, 10"})
    void everyTokenIsPredictedOnce(int last, int batch, int steps) {
        Minibatches source = Minibatches.varying(upTo(last), batch, steps, 5);
        int rowLength = last / batch;
        int[] inputs = new int[batch * source.steps()];
        int[] targets = new int[inputs.length];
        for (long e = 0; e < 3; e++) {
            Minibatches.Epoch epoch = source.epoch(e);
            int[] next = new int[batch];
            Arrays.setAll(next, n -> n * rowLength);
            long predicted = 0;
            for (long i = 0; i < epoch.size(); i++) {
                int length = epoch.steps(i);
                assertThat(source.lengths()).contains(length);
                assertThat(epoch.continuesState(i)).isEqualTo(i > 0);
                predicted += epoch.load(i, inputs, targets);
                for (int t = 0; t < length; t++) {
                    for (int n = 0; n < batch; n++) {
                        if (next[n] == (n + 1) * rowLength) {
                            assertThat(i).isEqualTo(epoch.size() - 1);
                            assertThat(targets[t * batch + n]).isEqualTo(Minibatches.IGNORED);
                            assertThat(inputs[t * batch + n]).isZero();
                        } else {
                            assertThat(inputs[t * batch + n]).isEqualTo(next[n]);
                            assertThat(targets[t * batch + n]).isEqualTo(++next[n]);
                        }
                    }
                }
            }
            assertThat(predicted).isEqualTo((long) rowLength * batch);
        }
    }

    /** The distribution of Merity, Keskar and Socher, rounded. */
    @Test
    void lengthsAreNormalAroundTheUsualOneAndSometimesItsHalf() {
        Minibatches source = Minibatches.varying(upTo(1_000_000), 1, 70, 3);
        assertThat(source.lengths()).containsExactly(20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85);
        assertThat(source.usualSteps()).isEqualTo(70);
        assertThat(source.steps()).isEqualTo(85);
        Minibatches.Epoch epoch = source.epoch(0);
        int count = (int) epoch.size() - 1;
        double halved = 0;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            int length = epoch.steps(i);
            if (length <= 50) {
                halved++;
            } else {
                sum += length;
                squares += length * length;
            }
        }
        double usual = count - halved;
        double mean = sum / usual;
        assertThat(halved / count).isCloseTo(0.05, within(4 * Math.sqrt(0.05 * 0.95 / count)));
        assertThat(mean).isCloseTo(70, within(4 * 5.2 / Math.sqrt(usual)));
        // Rounding to multiples of 5 adds 25/12 to the variance of 25; cutting at three deviations takes a little.
        assertThat(squares / usual - mean * mean).isBetween(24.5, 29.0);
    }

    @Test
    void anEpochIsAFunctionOfSeedAndNumber() {
        Minibatches one = Minibatches.varying(upTo(3000), 2, 30, 7);
        Minibatches again = Minibatches.varying(upTo(3000), 2, 30, 7);
        assertThat(lengths(one.epoch(4))).isEqualTo(lengths(again.epoch(4)));
        assertThat(lengths(one.epoch(4))).isNotEqualTo(lengths(one.epoch(5)));
        assertThat(lengths(one.epoch(4)))
                .isNotEqualTo(lengths(Minibatches.varying(upTo(3000), 2, 30, 8).epoch(4)));
    }

    private static int[] lengths(Minibatches.Epoch epoch) {
        return IntStream.range(0, (int) epoch.size()).map(epoch::steps).toArray();
    }

    @Test
    void otherSourcesHaveOneLength() {
        Minibatches source = Minibatches.sequential(upTo(100), 2, 6, 1);
        assertThat(source.lengths()).containsExactly(6);
        assertThat(source.usualSteps()).isEqualTo(6);
        assertThat(source.epoch(0).steps(1)).isEqualTo(6);
    }

    @Test
    void whatIsTooShortIsRefused() {
        assertThatThrownBy(() -> Minibatches.varying(upTo(1000), 2, 9, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("steps: expected at least 10 where lengths vary, found 9");
        assertThatThrownBy(() -> Minibatches.varying(upTo(49), 2, 10, 1))
                .hasMessageContaining("text: expected at least 51 tokens");
        Minibatches.Epoch epoch = Minibatches.varying(upTo(50), 2, 10, 1).epoch(0);
        assertThatThrownBy(() -> epoch.steps(epoch.size())).hasMessageContaining("index: expected 0 to");
        assertThatThrownBy(() -> epoch.load(0, new int[1], new int[1])).hasMessageContaining("inputs: expected room");
    }
}
