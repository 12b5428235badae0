package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MinibatchesTest {
    private static TokenSequence upTo(int last) {
        return TokenSequence.of(IntStream.rangeClosed(0, last).toArray());
    }

    /** The inputs of one example, after a check that its targets are those moved on by one. */
    private static List<Integer> row(int[] inputs, int[] targets, int batch, int steps, int n) {
        List<Integer> row = new ArrayList<>();
        for (int t = 0; t < steps; t++) {
            row.add(inputs[t * batch + n]);
            assertThat(targets[t * batch + n]).isEqualTo(inputs[t * batch + n] + 1);
        }
        return row;
    }

    private static List<List<Integer>> rows(Minibatches.Epoch epoch, int batch, int steps) {
        List<List<Integer>> rows = new ArrayList<>();
        int[] inputs = new int[batch * steps];
        int[] targets = new int[batch * steps];
        for (long i = 0; i < epoch.size(); i++) {
            assertThat(epoch.load(i, inputs, targets)).isEqualTo((long) batch * steps);
            for (int n = 0; n < batch; n++) {
                rows.add(row(inputs, targets, batch, steps, n));
            }
        }
        return rows;
    }

    @Test
    void sequentialPartitioningGivesTheRowsOfTheBook() {
        var source = new SequentialMinibatches(upTo(34), 2, 5, Minibatches.Rows.ADJOINING, 0);
        assertThat(rows(source.epochFrom(1), 2, 5))
                .containsExactly(
                        List.of(1, 2, 3, 4, 5),
                        List.of(17, 18, 19, 20, 21),
                        List.of(6, 7, 8, 9, 10),
                        List.of(22, 23, 24, 25, 26),
                        List.of(11, 12, 13, 14, 15),
                        List.of(27, 28, 29, 30, 31));
    }

    @Test
    void separateRowsAreThoseOfTheCourse() {
        var source = new SequentialMinibatches(upTo(29), 2, 6, Minibatches.Rows.SEPARATE, 0);
        assertThat(rows(source.epochFrom(2), 2, 6))
                .containsExactly(
                        List.of(2, 3, 4, 5, 6, 7),
                        List.of(16, 17, 18, 19, 20, 21),
                        List.of(8, 9, 10, 11, 12, 13),
                        List.of(22, 23, 24, 25, 26, 27));
    }

    @Test
    void thirtyFiveTokensGiveThreeMinibatchesInEveryEpoch() {
        for (long epoch = 0; epoch < 40; epoch++) {
            assertThat(Minibatches.random(upTo(34), 2, 5, 1).epoch(epoch).size())
                    .isEqualTo(3);
            assertThat(Minibatches.sequential(upTo(34), 2, 5, 1).epoch(epoch).size())
                    .isEqualTo(3);
        }
    }

    @Test
    void onlySequentialMinibatchesContinueTheState() {
        Minibatches.Epoch sequential = Minibatches.sequential(upTo(99), 2, 5, 1).epoch(3);
        assertThat(sequential.continuesState(0)).isFalse();
        assertThat(sequential.continuesState(1)).isTrue();
        assertThat(Minibatches.random(upTo(99), 2, 5, 1).epoch(3).continuesState(1))
                .isFalse();
        assertThat(Minibatches.sliding(upTo(99), 2, 5, 0, 20, true, 1).epoch(3).continuesState(1))
                .isFalse();
    }

    @Test
    void everyTokenIsAnInputAtMostOnce() {
        Draw.cases(200, draw -> {
            int batch = draw.whole(1, 6);
            int steps = draw.whole(1, 9);
            int extra = draw.whole(0, 200);
            long seed = draw.anyLong();
            int epoch = draw.whole(0, 1000);
            TokenSequence tokens = upTo(batch * (steps + 1) + steps - 2 + extra);
            List<Minibatches> sources = List.of(
                    Minibatches.random(tokens, batch, steps, seed),
                    Minibatches.sequential(tokens, batch, steps, seed),
                    Minibatches.sequential(tokens, batch, steps, Minibatches.Rows.SEPARATE, seed));
            for (Minibatches source : sources) {
                BitSet seen = new BitSet();
                List<List<Integer>> rows = rows(source.epoch(epoch), batch, steps);
                assertThat(rows).isNotEmpty();
                for (int token : rows.stream().flatMap(List::stream).toList()) {
                    assertThat(seen.get(token)).as("token %d twice", token).isFalse();
                    seen.set(token);
                }
            }
        });
    }

    @Test
    void sequentialRowsGoOnWhereTheyEnded() {
        Draw.cases(100, draw -> {
            int batch = draw.whole(1, 5);
            int steps = draw.whole(1, 7);
            int extra = draw.whole(0, 300);
            long seed = draw.anyLong();
            TokenSequence tokens = upTo(batch * steps + steps - 1 + extra);
            List<List<Integer>> rows =
                    rows(Minibatches.sequential(tokens, batch, steps, seed).epoch(0), batch, steps);
            for (int i = batch; i < rows.size(); i++) {
                assertThat(rows.get(i).get(0)).isEqualTo(rows.get(i - batch).get(steps - 1) + 1);
            }
        });
    }

    @Test
    void anEpochIsTheSameEachTimeAndEpochsDiffer() {
        Minibatches source = Minibatches.random(upTo(400), 4, 7, 42);
        assertThat(rows(source.epoch(5), 4, 7)).isEqualTo(rows(source.epoch(5), 4, 7));
        assertThat(rows(source.epoch(5), 4, 7)).isNotEqualTo(rows(source.epoch(6), 4, 7));
        assertThat(rows(Minibatches.random(upTo(400), 4, 7, 43).epoch(5), 4, 7))
                .isNotEqualTo(rows(source.epoch(5), 4, 7));
    }

    @Test
    void offsetsOfSequentialEpochsAreEquallyLikely() {
        Minibatches source = Minibatches.sequential(upTo(999), 1, 5, 7);
        int[] counts = new int[5];
        int[] inputs = new int[5];
        for (int epoch = 0; epoch < 5000; epoch++) {
            source.epoch(epoch).load(0, inputs, new int[5]);
            counts[inputs[0]]++;
        }
        // 1000 expected with a deviation of 28: five deviations on either side.
        assertThat(IntStream.of(counts).boxed())
                .allSatisfy(count -> assertThat(count).isBetween(860, 1140));
    }

    @Test
    void slidingWindowsOfTheBookAreTenThousandAndFiveThousand() throws IOException {
        TextSource book = TextSource.file(SharedData.data("timemachine/timemachine.txt"));
        TextCodec codec = TextCodec.build(book, Recipe.V1, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        try (TokenSequence tokens = codec.encode(book)) {
            assertThat(tokens.size()).isEqualTo(173_428);
            Minibatches training = Minibatches.sliding(tokens, 1024, 32, 0, 10_000, true, 1);
            Minibatches validation = Minibatches.sliding(tokens, 1024, 32, 10_000, 5_000, false, 1);
            assertThat(training.epoch(0).size()).isEqualTo(10);
            assertThat(validation.epoch(0).size()).isEqualTo(5);
            assertThat(examples(training.epoch(0))).isEqualTo(10_000);
            assertThat(examples(validation.epoch(0))).isEqualTo(5_000);
            int[] inputs = new int[1024 * 32];
            int[] targets = new int[1024 * 32];
            validation.epoch(0).load(0, inputs, targets);
            for (int t = 0; t < 32; t++) {
                assertThat(inputs[t * 1024 + 3]).isEqualTo(tokens.get(10_003 + t));
                assertThat(targets[t * 1024 + 3]).isEqualTo(tokens.get(10_004 + t));
            }
        }
    }

    private static long examples(Minibatches.Epoch epoch) {
        long targets = 0;
        for (long i = 0; i < epoch.size(); i++) {
            targets += epoch.load(i, new int[1024 * 32], new int[1024 * 32]);
        }
        return targets / 32;
    }

    @Test
    void shortLastMinibatchIgnoresTheColumnsThatAreOver() {
        Minibatches.Epoch epoch =
                Minibatches.sliding(upTo(20), 4, 3, 2, 6, false, 0).epoch(0);
        int[] inputs = new int[13];
        int[] targets = new int[13];
        Arrays.fill(inputs, 99);
        Arrays.fill(targets, 99);
        assertThat(epoch.load(1, inputs, targets)).isEqualTo(6);
        assertThat(inputs).containsExactly(6, 7, 0, 0, 7, 8, 0, 0, 8, 9, 0, 0, 99);
        assertThat(targets).containsExactly(7, 8, -1, -1, 8, 9, -1, -1, 9, 10, -1, -1, 99);
    }

    @Test
    void shuffledSlidingEpochHoldsEachWindowOnce() {
        Minibatches.Epoch epoch =
                Minibatches.sliding(upTo(110), 5, 4, 0, 105, true, 9).epoch(2);
        List<Integer> starts = rows(epoch, 5, 4).stream().map(row -> row.get(0)).toList();
        assertThat(starts).hasSize(105).doesNotHaveDuplicates();
        assertThat(starts).isNotEqualTo(starts.stream().sorted().toList());
    }

    @Test
    void sizesAreChecked() {
        assertThatThrownBy(() -> Minibatches.random(upTo(10), 0, 5, 1))
                .hasMessage("batch: expected at least 1, found 0");
        assertThatThrownBy(() -> Minibatches.sequential(upTo(10), 2, -1, 1))
                .hasMessage("steps: expected at least 1, found -1");
        assertThatThrownBy(() -> Minibatches.random(upTo(10), 1 << 20, 1 << 20, 1))
                .hasMessageContaining("product below 2^31");
        assertThatThrownBy(() -> Minibatches.random(upTo(13), 2, 5, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("text: expected at least 15 tokens for batch 2 and 5 steps, found 14");
        assertThatThrownBy(() -> Minibatches.sliding(upTo(10), 2, 5, 4, 3, true, 1))
                .hasMessageContaining("the 6 windows of 5 steps");
        assertThatThrownBy(() -> Minibatches.random(upTo(14), 2, 5, 1).epoch(0).load(0, new int[9], new int[10]))
                .hasMessage("inputs: expected room for 5 x 2 tokens, found 9");
        assertThatThrownBy(() -> Minibatches.random(upTo(14), 2, 5, 1).epoch(0).load(1, new int[10], new int[10]))
                .hasMessage("index: expected 0 to 0, found 1");
    }
}
