package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.testing.Draw;
import dev.fusedrnn.testing.SharedData;
import dev.fusedrnn.text.NgramModel.Smoothing;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NgramModelTest {
    private static final int LARGE = 1_000_000;

    @Test
    void distributionsSumToOne() {
        Draw.cases(200, draw -> {
            List<Integer> text = draw.list(0, 40, () -> draw.whole(0, 4));
            double e1 = draw.real(5);
            double e2 = draw.real(5);
            double e3 = draw.real(5);
            TokenSequence tokens =
                    TokenSequence.of(text.stream().mapToInt(Integer::intValue).toArray());
            NgramModel model = NgramModel.train(tokens, 5, new Smoothing(e1, e2, e3));
            assertThat(IntStream.range(0, 5).mapToDouble(model::probability).sum())
                    .isCloseTo(1, within(1e-12));
            for (int a = 0; a < 5; a++) {
                int first = a;
                assertThat(IntStream.range(0, 5)
                                .mapToDouble(x -> model.probability(first, x))
                                .sum())
                        .isCloseTo(1, within(1e-12));
                for (int b = 0; b < 5; b++) {
                    int second = b;
                    assertThat(IntStream.range(0, 5)
                                    .mapToDouble(x -> model.probability(first, second, x))
                                    .sum())
                            .isCloseTo(1, within(1e-12));
                }
            }
        });
    }

    /** Text 0 1 0 2 0 1, m = 4, e1 = 2, e2 = 3, e3 = 5: each value worked out by hand from the three formulas. */
    @Test
    void probabilitiesFollowTheFormulas() {
        NgramModel model = NgramModel.train(TokenSequence.of(0, 1, 0, 2, 0, 1), 4, new Smoothing(2, 3, 5));
        assertThat(model.probability(0)).isCloseTo((3 + 0.5) / 8, within(1e-15));
        assertThat(model.probability(3)).isCloseTo(0.5 / 8, within(1e-15));
        double one = (2 + 0.5) / 8;
        assertThat(model.probability(0, 1)).isCloseTo((2 + 3 * one) / (3 + 3), within(1e-15));
        // 1 occurs twice but has a token after it once.
        assertThat(model.probability(1, 0)).isCloseTo((1 + 3 * 3.5 / 8) / (1 + 3), within(1e-15));
        assertThat(model.probability(2, 0, 1)).isCloseTo((1 + 5 * one) / (1 + 5), within(1e-15));
        // 0 1 occurs twice, once at the end.
        assertThat(model.probability(0, 1, 1)).isCloseTo(5 * one / (1 + 5), within(1e-15));
        assertThat(model.probability(3, 3, 1)).isCloseTo(one, within(1e-15));
    }

    @Test
    void perplexityOfAUniformModelIsTheSizeOfTheVocabulary() {
        int[] sentence = {3, 1, 4, 1, 5};
        NgramModel empty = NgramModel.train(TokenSequence.of(), 28, new Smoothing(0, 0, 0));
        NgramModel flat = NgramModel.train(
                TokenSequence.of(IntStream.range(0, 28).toArray()), 28, new Smoothing(0, LARGE, LARGE));
        assertThat(empty.score(sentence, 3).perplexity()).isCloseTo(28, within(1e-9));
        assertThat(flat.score(sentence, 1).perplexity()).isCloseTo(28, within(1e-9));
    }

    @Test
    void perplexityOfAModelThatIsAlwaysRightIsOne() {
        int[] cycle = IntStream.range(0, 30).map(i -> i % 3).toArray();
        NgramModel model = NgramModel.train(TokenSequence.of(cycle), 3, new Smoothing(0, 0, 0));
        assertThat(model.score(new int[] {0, 1, 2, 0, 1}, 1, 2).perplexity()).isEqualTo(1);
        assertThat(model.score(new int[] {0, 1, 2, 0, 1}, 2, 3).perplexity()).isEqualTo(1);
    }

    @Test
    void impossibleTokensGiveInfinityAndNeverNan() {
        NgramModel model = NgramModel.train(TokenSequence.of(0, 1, 0, 1, 1), 3, new Smoothing(0, 0, 0));
        SentenceScore score = model.score(new int[] {0, 2, 1}, 2);
        assertThat(score.logProbability()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(score.perplexity()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(score.impossible()).isEqualTo(1);
        List<int[]> sentences = List.of(new int[] {2, 2}, new int[] {0, 0}, new int[] {2, 1}, new int[] {0, 1});
        assertThat(model.rank(sentences, 0, 2)).containsExactly(3, 2, 1, 0);
    }

    @Test
    void higherOrdersFitTheBookBetter() throws IOException {
        TextCodec codec =
                TextCodec.build(TimeMachine.text(), Recipe.V1, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        try (TokenSequence tokens = codec.encode(TimeMachine.text())) {
            NgramModel model = NgramModel.train(
                    tokens.slice(0, 150_000), codec.vocabulary().size(), new Smoothing(1, 1, 1));
            int[] unseen = tokens.slice(150_000, tokens.size()).toArray();
            double unigram = model.score(unseen, 1).perplexity();
            double bigram = model.score(unseen, 2).perplexity();
            double trigram = model.score(unseen, 3).perplexity();
            assertThat(trigram).isLessThan(bigram).isGreaterThan(1);
            assertThat(bigram).isLessThan(unigram);
            assertThat(unigram).isLessThan(28);
        }
    }

    /** What the bigram and trigram models of the Penn Treebank make of the slides' two pairs: printed, not judged. */
    @Test
    void scoresAndRanksThePairsOfTheSlides() throws IOException {
        String name = "ptb/ptb.train.txt.gz";
        SharedData.data(name);
        TextSource text = TextSource.of(name, () -> SharedData.open(name));
        TextCodec codec = TextCodec.build(text, Recipe.RAW, new WordTokenizer("<eos>"), VocabularyOptions.DEFAULT);
        assertThat(codec.vocabulary().size()).isEqualTo(10_000);
        NgramModel model;
        try (TokenSequence tokens = codec.encode(text)) {
            model = NgramModel.train(tokens, codec.vocabulary().size(), new Smoothing(1, 50, 50));
        }
        Map<String, String> pairs =
                Map.of("dog bites man", "man bites dog", "to recognize speech", "to wreck a nice beach");
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            for (int order = 1; order <= 3; order++) {
                SentenceScore left = scored(model, codec, pair.getKey(), order);
                SentenceScore right = scored(model, codec, pair.getValue(), order);
                int[] best =
                        model.rank(List.of(ids(codec, pair.getKey()), ids(codec, pair.getValue())), 1, order).stream()
                                .mapToInt(Integer::intValue)
                                .toArray();
                assertThat(left.logProbability()).isFinite().isNegative();
                assertThat(right.logProbability()).isFinite().isNegative();
                assertThat(best[0] == 0).isEqualTo(left.logProbability() >= right.logProbability());
                System.out.printf(
                        "order %d: '%s' %.2f (%.0f per token), '%s' %.2f (%.0f per token)%n",
                        order,
                        pair.getKey(),
                        left.logProbability(),
                        left.perplexity(),
                        pair.getValue(),
                        right.logProbability(),
                        right.perplexity());
            }
        }
    }

    private static SentenceScore scored(NgramModel model, TextCodec codec, String sentence, int order) {
        return model.score(ids(codec, sentence), 1, order);
    }

    private static int[] ids(TextCodec codec, String sentence) {
        return codec.encode("<eos> " + sentence + " <eos>");
    }

    @Test
    void orderOfWordsDoesNotMatterToUnigrams() {
        NgramModel model = NgramModel.train(TokenSequence.of(0, 1, 2, 0, 1), 3, new Smoothing(1, 1, 1));
        int[] sentence = {0, 1, 2};
        int[] reversed = {2, 1, 0};
        assertThat(model.score(sentence, 1).logProbability())
                .isCloseTo(model.score(reversed, 1).logProbability(), within(1e-12));
        assertThat(model.score(sentence, 2).logProbability())
                .isGreaterThan(model.score(reversed, 2).logProbability());
        assertThat(Arrays.asList(1, 0)).isEqualTo(model.rank(List.of(reversed, sentence), 0, 2));
    }

    @Test
    void wrongValuesAreRefused() {
        assertThatThrownBy(() -> new Smoothing(1, -1, 1))
                .hasMessage("e2: expected a finite number from 0 on, found -1.0");
        assertThatThrownBy(() -> new Smoothing(Double.NaN, 1, 1)).hasMessageContaining("e1");
        NgramModel model = NgramModel.train(TokenSequence.of(0), 1, new Smoothing(1, 1, 1));
        assertThatThrownBy(() -> model.score(new int[1], 4)).hasMessage("order: expected 1 to 3, found 4");
        assertThatThrownBy(() -> model.probability(1)).hasMessageContaining("expected ids from 0 to 0, found 1");
    }
}
