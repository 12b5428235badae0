package dev.fusedrnn.model;

import java.util.Arrays;

/**
 * Looks for a likely sequence of tokens. A sequence is whole when the end mark stands behind it or it has the greatest length;
 * whole sequences alone compete. All arrays are taken once. Confined to one thread at a time.
 *
 * <p>{@link #find} is beam search: at each step all extensions of the sequences kept compete by their probability, and the likeliest
 * k are kept; one that has ended leaves its place empty from the next step on. Where two are equal, the one of the earlier sequence
 * and then of the smaller token goes first. Width 1 is greedy search. What a wider beam finds need not be better than what a narrower
 * one does, but with a width of at least V^T' it is that of {@link ExhaustiveSearch}. Cost k·V·T'.
 */
public final class SequenceSearch {
    private final NextTokens model;
    private final SearchConfig config;
    private final int end;
    private final int vocabulary;
    private final float[] next;
    /** Tokens of the sequences kept, and of those of the step before: a row of maxLength each. */
    private int[] kept;

    private int[] before;
    private final double[] sums;
    private final int[] parents;
    private final int[] tokens;
    private final double[] candidates;
    private final int[] liveParents;
    private final int[] liveTokens;
    private int[] best = new int[0];
    private boolean bestEnded;
    private double bestSum;
    private double bestScore;

    /**
     * A search in a model.
     *
     * @param end the end mark
     * @throws IllegalArgumentException if the model cannot hold so many sequences, or the end mark is not one of its tokens
     */
    public SequenceSearch(NextTokens model, SearchConfig config, int end) {
        this.model = model;
        this.config = config;
        this.end = end;
        this.vocabulary = model.vocabularySize();
        int width = config.width();
        if (width > model.mostSequences()) {
            throw new IllegalArgumentException(
                    "width must be at most the " + model.mostSequences() + " sequences of the model, found " + width);
        }
        if (end < 0 || end >= vocabulary) {
            throw new IllegalArgumentException("end must be in [0, " + vocabulary + "), found " + end);
        }
        this.next = new float[Math.multiplyExact(width, vocabulary)];
        this.kept = new int[Math.multiplyExact(width, config.maxLength())];
        this.before = new int[kept.length];
        this.sums = new double[width];
        this.parents = new int[width];
        this.tokens = new int[width];
        this.candidates = new double[width];
        this.liveParents = new int[width];
        this.liveTokens = new int[width];
    }

    /**
     * The best whole sequence met.
     *
     * @throws IllegalStateException if the model gives a probability that is not a number
     */
    public FoundSequence find() {
        bestScore = Double.NEGATIVE_INFINITY;
        best = new int[0];
        bestEnded = false;
        bestSum = Double.NEGATIVE_INFINITY;
        model.begin(next);
        sums[0] = 0;
        int live = 1;
        for (int length = 1; length <= config.maxLength() && live > 0 && !isDecided(live); length++) {
            live = keep(likeliest(live), length);
            if (live > 0 && length < config.maxLength()) {
                model.extend(live, liveParents, liveTokens, next);
            }
        }
        return new FoundSequence(best, bestEnded, bestSum, bestScore);
    }

    /** No sequence gets likelier by growing, and none grows longer than the greatest length. */
    private boolean isDecided(int live) {
        for (int i = 0; i < live; i++) {
            if (config.score(sums[i], config.maxLength()) > bestScore) {
                return false;
            }
        }
        return true;
    }

    /** Puts the likeliest extensions of {@code live} sequences into the candidates, the best first; returns their number. */
    private int likeliest(int live) {
        int found = 0;
        for (int i = 0; i < live; i++) {
            for (int token = 0; token < vocabulary; token++) {
                double sum = sums[i] + next[i * vocabulary + token];
                if (Double.isNaN(sum)) {
                    throw new IllegalStateException(
                            "the model gives token " + token + " a probability that is not a number");
                }
                if (sum == Double.NEGATIVE_INFINITY || found == config.width() && sum <= candidates[found - 1]) {
                    continue;
                }
                int at = found < config.width() ? found++ : found - 1;
                for (; at > 0 && candidates[at - 1] < sum; at--) {
                    candidates[at] = candidates[at - 1];
                    parents[at] = parents[at - 1];
                    tokens[at] = tokens[at - 1];
                }
                candidates[at] = sum;
                parents[at] = i;
                tokens[at] = token;
            }
        }
        return found;
    }

    /** Makes the candidates the sequences kept, without those that are whole; returns how many are left. */
    private int keep(int found, int length) {
        swap();
        int live = 0;
        for (int i = 0; i < found; i++) {
            boolean ended = tokens[i] == end;
            int row = live * config.maxLength();
            System.arraycopy(before, parents[i] * config.maxLength(), kept, row, length - 1);
            kept[row + length - 1] = tokens[i];
            if (ended || length == config.maxLength()) {
                compete(row, ended ? length - 1 : length, ended, candidates[i], length);
            } else {
                sums[live] = candidates[i];
                liveParents[live] = parents[i];
                liveTokens[live] = tokens[i];
                live++;
            }
        }
        return live;
    }

    private void swap() {
        int[] rows = before;
        before = kept;
        kept = rows;
    }

    private void compete(int row, int count, boolean ended, double sum, int length) {
        double score = config.score(sum, length);
        if (score > bestScore) {
            best = Arrays.copyOfRange(kept, row, row + count);
            bestEnded = ended;
            bestSum = sum;
            bestScore = score;
        }
    }
}
