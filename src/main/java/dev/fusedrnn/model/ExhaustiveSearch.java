package dev.fusedrnn.model;

import java.util.Arrays;

/**
 * The best of all whole sequences up to the greatest length, by looking at every one: V^T' of them, for models with a handful of
 * tokens and as the judge of {@link SequenceSearch}.
 */
public final class ExhaustiveSearch {
    private static final int MOST_SEQUENCES = 1 << 20;

    private final NextTokens model;
    private final SearchConfig config;
    private final int end;
    private final int vocabulary;
    private FoundSequence best;

    private ExhaustiveSearch(NextTokens model, SearchConfig config, int end) {
        this.model = model;
        this.config = config;
        this.end = end;
        this.vocabulary = model.vocabularySize();
        this.best = new FoundSequence(new int[0], false, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY);
    }

    /**
     * The best sequence; the width of the configuration has no meaning.
     *
     * @param end the end mark
     * @throws IllegalArgumentException if there are more sequences than the model, or this search, can hold
     */
    public static FoundSequence find(NextTokens model, SearchConfig config, int end) {
        int limit = Math.min(MOST_SEQUENCES, model.mostSequences());
        if (Math.pow(model.vocabularySize(), config.maxLength()) > limit) {
            throw new IllegalArgumentException("an exhaustive search needs V^T' = " + model.vocabularySize() + "^"
                    + config.maxLength() + " sequences, at most " + limit + " can be held");
        }
        return new ExhaustiveSearch(model, config, end).find();
    }

    private FoundSequence find() {
        int[][] sequences = {{}};
        double[] sums = {0};
        float[] next = new float[vocabulary];
        model.begin(next);
        for (int length = 1; sequences.length > 0; length++) {
            int[][] longer = new int[sequences.length * vocabulary][];
            double[] longerSums = new double[longer.length];
            int[] parents = new int[longer.length];
            int count = 0;
            for (int i = 0; i < sequences.length; i++) {
                for (int token = 0; token < vocabulary; token++) {
                    double sum = sums[i] + next[i * vocabulary + token];
                    int[] sequence = extended(sequences[i], token);
                    if (token == end) {
                        compete(sequences[i], true, sum, length);
                    } else if (length == config.maxLength()) {
                        compete(sequence, false, sum, length);
                    } else {
                        longer[count] = sequence;
                        longerSums[count] = sum;
                        parents[count++] = i;
                    }
                }
            }
            sequences = Arrays.copyOf(longer, count);
            sums = longerSums;
            next = count == 0 ? next : extend(sequences, parents);
        }
        return best;
    }

    private float[] extend(int[][] sequences, int[] parents) {
        int[] tokens = Arrays.stream(sequences)
                .mapToInt(sequence -> sequence[sequence.length - 1])
                .toArray();
        float[] next = new float[sequences.length * vocabulary];
        model.extend(sequences.length, parents, tokens, next);
        return next;
    }

    private void compete(int[] tokens, boolean ended, double sum, int length) {
        double score = config.score(sum, length);
        if (score > best.score()) {
            best = new FoundSequence(tokens, ended, sum, score);
        }
    }

    private static int[] extended(int[] sequence, int token) {
        int[] longer = Arrays.copyOf(sequence, sequence.length + 1);
        longer[sequence.length] = token;
        return longer;
    }
}
