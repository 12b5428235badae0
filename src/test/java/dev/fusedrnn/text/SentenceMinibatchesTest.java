package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.testing.Draw;
import dev.fusedrnn.testing.SharedData;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SentenceMinibatchesTest {
    /** Sentence i has 2 to {@code longest} tokens: i, then numbers that rise by one. */
    private static List<int[]> sentences(int count, int longest, long seed) {
        Random random = new Random(seed);
        List<int[]> sentences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] sentence = new int[2 + random.nextInt(longest - 1)];
            for (int t = 0; t < sentence.length; t++) {
                sentence[t] = i + t;
            }
            sentences.add(sentence);
        }
        return sentences;
    }

    @Test
    void everySentenceIsThereOncePaddedBehindItsEnd() {
        Draw.cases(150, draw -> {
            int count = draw.whole(1, 60);
            int batch = draw.whole(1, 9);
            int maxSteps = draw.whole(1, 12);
            int bucketWidth = draw.whole(1, 14);
            long seed = draw.anyLong();
            List<int[]> list = sentences(count, 14, seed);
            SentenceMinibatches source =
                    new SentenceMinibatches(Sentences.of(list), batch, maxSteps, bucketWidth, 77, seed);
            SentenceMinibatches.Epoch epoch = source.epoch(seed & 3);
            BitSet seen = new BitSet();
            int[] inputs = new int[source.capacity()];
            int[] targets = new int[source.capacity()];
            int[] lengths = new int[batch];
            for (long i = 0; i < epoch.size(); i++) {
                long kept = epoch.load(i, inputs, targets, lengths);
                int rows = epoch.rows(i);
                int shortest = maxSteps;
                for (int n = 0; n < rows; n++) {
                    int[] sentence = list.get(epoch.sentence(i, n));
                    assertThat(seen.get(epoch.sentence(i, n))).isFalse();
                    seen.set(epoch.sentence(i, n));
                    assertThat(lengths[n]).isEqualTo(Math.min(maxSteps, sentence.length - 1));
                    shortest = Math.min(shortest, lengths[n]);
                    kept -= lengths[n];
                    for (int t = 0; t < epoch.steps(i); t++) {
                        assertThat(inputs[t * rows + n]).isEqualTo(t < lengths[n] ? sentence[t] : 77);
                        assertThat(targets[t * rows + n]).isEqualTo(t < lengths[n] ? sentence[t + 1] : -1);
                    }
                }
                assertThat(kept).isZero();
                assertThat(epoch.steps(i) - shortest).isLessThan(bucketWidth);
            }
            assertThat(seen.cardinality()).isEqualTo(count);
        });
    }

    /** Loss over padded minibatches, leaving out ignored targets, against the loss sentence by sentence. */
    @Test
    void paddedAndUnpaddedLossesAreEqualOnFrenchAndEnglish() throws IOException {
        List<String> lines = english(20_000);
        TextSource text = TextSource.text("english", String.join("\n", lines));
        VocabularyOptions options =
                VocabularyOptions.DEFAULT.withMinFrequency(2).withReserved("<pad>", "<bos>", "<eos>");
        TextCodec codec = TextCodec.build(text, Recipe.STAT157, Tokenizer.words(), options);
        List<int[]> list = lines.stream()
                .map(line -> codec.vocabulary().ids(List.of(("<bos> " + line + " <eos>").split(" "))))
                .toList();
        NgramModel model;
        try (TokenSequence tokens = codec.encode(text)) {
            model = NgramModel.train(tokens, codec.vocabulary().size(), new NgramModel.Smoothing(1, 1, 1));
        }
        double unpadded = 0;
        long tokens = 0;
        for (int[] sentence : list) {
            unpadded -= model.score(sentence, 1, 2).logProbability();
            tokens += sentence.length - 1;
        }
        int padding = codec.vocabulary().id("<pad>");
        SentenceMinibatches source = new SentenceMinibatches(Sentences.of(list), 64, 80, 4, padding, 1);
        double[] padded = paddedLoss(source, model);
        assertThat(padded[1]).isEqualTo(tokens);
        assertThat(padded[0] / padded[1]).isCloseTo(unpadded / tokens, within(1e-10));
        assertThat(padded[2]).as("padded places").isPositive();
    }

    private static List<String> english(int count) throws IOException {
        List<String> lines = new ArrayList<>();
        try (BufferedReader pairs = SharedData.reader("fraeng/fra.txt.gz")) {
            for (String pair = pairs.readLine(); pair != null && lines.size() < count; pair = pairs.readLine()) {
                lines.add(pair.split("\t")[0].toLowerCase(java.util.Locale.ROOT).replaceAll("([,.!?])", " $1"));
            }
        }
        return lines;
    }

    /** Sum of losses, number of targets, number of padded places. */
    private static double[] paddedLoss(SentenceMinibatches source, NgramModel model) {
        SentenceMinibatches.Epoch epoch = source.epoch(0);
        int[] inputs = new int[source.capacity()];
        int[] targets = new int[source.capacity()];
        int[] lengths = new int[source.batch()];
        double loss = 0;
        double kept = 0;
        double padded = 0;
        for (long i = 0; i < epoch.size(); i++) {
            kept += epoch.load(i, inputs, targets, lengths);
            for (int j = 0; j < epoch.rows(i) * epoch.steps(i); j++) {
                if (targets[j] == Minibatches.IGNORED) {
                    padded++;
                } else {
                    loss -= Math.log(model.probability(inputs[j], targets[j]));
                }
            }
        }
        return new double[] {loss, kept, padded};
    }

    @Test
    void epochsRepeatThemselvesAndDifferFromEachOther() throws IOException {
        SentenceMinibatches source = new SentenceMinibatches(Sentences.of(sentences(50, 9, 1)), 4, 20, 2, 0, 5);
        assertThat(order(source.epoch(3))).isEqualTo(order(source.epoch(3)));
        assertThat(order(source.epoch(3))).isNotEqualTo(order(source.epoch(4)));
    }

    private static List<Integer> order(SentenceMinibatches.Epoch epoch) {
        List<Integer> order = new ArrayList<>();
        for (long i = 0; i < epoch.size(); i++) {
            for (int n = 0; n < epoch.rows(i); n++) {
                order.add(epoch.sentence(i, n));
            }
        }
        return order;
    }

    @Test
    void wrongValuesAreRefused() throws IOException {
        Sentences good = Sentences.of(List.of(new int[] {1, 2, 3}));
        Sentences single = Sentences.of(List.of(new int[] {1, 2}, new int[] {1}));
        assertThatThrownBy(() -> new SentenceMinibatches(single, 1, 5, 1, 0, 1))
                .hasMessage("sentences: expected at least 2 tokens each, found 1 in sentence 1");
        assertThatThrownBy(() -> new SentenceMinibatches(Sentences.of(List.of()), 1, 5, 1, 0, 1))
                .hasMessage("sentences: expected at least one, found none");
        assertThatThrownBy(() -> new SentenceMinibatches(good, 1, 0, 1, 0, 1)).hasMessageContaining("steps");
        assertThatThrownBy(() -> new SentenceMinibatches(good, 1, 5, 0, 0, 1)).hasMessageContaining("bucketWidth");
        assertThatThrownBy(() -> new SentenceMinibatches(good, 1, 5, 1, -1, 1)).hasMessageContaining("padding");
        SentenceMinibatches.Epoch epoch = new SentenceMinibatches(good, 1, 5, 1, 0, 1).epoch(0);
        assertThatThrownBy(() -> epoch.load(0, new int[1], new int[2], new int[1]))
                .hasMessage("inputs: expected room for 2 x 1 tokens, found 1");
        assertThatThrownBy(() -> epoch.load(1, new int[2], new int[2], new int[1]))
                .hasMessageContaining("index");
        assertThatThrownBy(() -> epoch.sentence(0, 1)).hasMessageContaining("row");
    }
}
