package dev.fusedrnn.text;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A language model that counts: unigrams, bigrams and trigrams with Laplace smoothing by three pseudo-counts (<i>Dive
 * into Deep Learning</i>, "Language models"). With m the size of the vocabulary and n the length of the text,
 *
 * <pre>
 * P(x)         = (n(x)         + e1 / m)    / (n        + e1)
 * P(x | b)     = (n(b, x)      + e2 P(x))   / (n(b)     + e2)
 * P(x | a, b)  = (n(a, b, x)   + e3 P(x))   / (n(a, b)  + e3)
 * </pre>
 *
 * <p>In the denominators n(b) and n(a, b) count the places that have a token after them, one less where the text ends
 * so; hence each distribution sums to one. A context never met gives P(x), also where its pseudo-count is 0. Immutable,
 * and free to be shared between threads.
 */
public final class NgramModel {
    /**
     * The pseudo-counts: 0 trusts the counts alone; the larger, the less they matter.
     *
     * @param e1 weight of the uniform distribution in P(x)
     * @param e2 weight of P(x) in P(x | b)
     * @param e3 weight of P(x) in P(x | a, b)
     */
    public record Smoothing(double e1, double e2, double e3) {
        /** Checks that all three are finite and not negative. */
        public Smoothing {
            check("e1", e1);
            check("e2", e2);
            check("e3", e3);
        }

        private static void check(String name, double value) {
            if (!(value >= 0) || Double.isInfinite(value)) {
                throw new IllegalArgumentException(name + ": expected a finite number from 0 on, found " + value);
            }
        }
    }

    private static final int LONGEST = 3;

    private final int vocabularySize;
    private final Smoothing smoothing;
    private final NgramCounts[] counts = new NgramCounts[LONGEST];
    private final int[] ending;

    private NgramModel(TokenSequence tokens, int vocabularySize, Smoothing smoothing) {
        this.vocabularySize = vocabularySize;
        this.smoothing = smoothing;
        for (int order = 1; order <= LONGEST; order++) {
            counts[order - 1] = NgramCounts.of(tokens, vocabularySize, order);
        }
        ending = new int[(int) Math.min(2, tokens.size())];
        tokens.copy(tokens.size() - ending.length, ending, 0, ending.length);
    }

    /**
     * Counts a text.
     *
     * @param tokens ids below {@code vocabularySize}; may be empty, which gives the uniform distribution
     */
    public static NgramModel train(TokenSequence tokens, int vocabularySize, Smoothing smoothing) {
        return new NgramModel(tokens, vocabularySize, smoothing);
    }

    /** P(x). */
    public double probability(int x) {
        return smooth(counts[0].count(x), counts[0].total(), smoothing.e1(), 1.0 / vocabularySize);
    }

    /** P(x | before). */
    public double probability(int before, int x) {
        long context = counts[0].count(before) - (endsWith(before) ? 1 : 0);
        return smooth(counts[1].count(before, x), context, smoothing.e2(), probability(x));
    }

    /** P(x | first, second), where {@code second} stands right before x. */
    public double probability(int first, int second, int x) {
        long context = counts[1].count(first, second) - (endsWith(first, second) ? 1 : 0);
        return smooth(counts[2].count(first, second, x), context, smoothing.e3(), probability(x));
    }

    private static double smooth(long count, long context, double pseudo, double fallback) {
        double total = context + pseudo;
        return total == 0 ? fallback : (count + pseudo * fallback) / total;
    }

    private boolean endsWith(int... tokens) {
        for (int i = 1; i <= tokens.length; i++) {
            if (i > ending.length || ending[ending.length - i] != tokens[tokens.length - i]) {
                return false;
            }
        }
        return true;
    }

    /** Scores a sentence from its first token on; see {@link #score(int[], int, int)}. */
    public SentenceScore score(int[] sentence, int order) {
        return score(sentence, 0, order);
    }

    /**
     * Scores the tokens of a sentence from index {@code from} on, each given at most {@code order - 1} tokens before it;
     * fewer where the sentence has no more.
     *
     * @param from 0 to score all; 1 where the first token is only a context, such as {@code <eos>} of the sentence before
     * @param order 1, 2 or 3
     */
    public SentenceScore score(int[] sentence, int from, int order) {
        if (order < 1 || order > LONGEST) {
            throw new IllegalArgumentException("order: expected 1 to " + LONGEST + ", found " + order);
        }
        SentenceScore score = SentenceScore.EMPTY;
        for (int i = from; i < sentence.length; i++) {
            score = score.plus(probabilityAt(sentence, i, Math.min(order - 1, i)));
        }
        return score;
    }

    private double probabilityAt(int[] sentence, int i, int context) {
        return switch (context) {
            case 0 -> probability(sentence[i]);
            case 1 -> probability(sentence[i - 1], sentence[i]);
            default -> probability(sentence[i - 2], sentence[i - 1], sentence[i]);
        };
    }

    /** The indices of some sentences, the most likely first; equally likely ones in the order given. */
    public List<Integer> rank(List<int[]> sentences, int from, int order) {
        List<SentenceScore> scores =
                sentences.stream().map(sentence -> score(sentence, from, order)).toList();
        return IntStream.range(0, sentences.size())
                .boxed()
                .sorted(Comparator.<Integer, SentenceScore>comparing(scores::get)
                        .reversed())
                .toList();
    }
}
