package dev.fusedrnn.model;

import java.util.Arrays;

/**
 * A sequence that a search found.
 *
 * @param tokens without the end mark
 * @param ended whether the end mark follows; else it was cut off at the greatest length
 * @param logProbability of all tokens, the end mark included, in nats
 * @param score what it won by: {@link SearchConfig}
 */
public record FoundSequence(int[] tokens, boolean ended, double logProbability, double score) {
    public FoundSequence {
        tokens = tokens.clone();
    }

    @Override
    public int[] tokens() {
        return tokens.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FoundSequence that
                && Arrays.equals(tokens, that.tokens)
                && ended == that.ended
                && Double.compare(logProbability, that.logProbability) == 0
                && Double.compare(score, that.score) == 0;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(tokens);
    }

    @Override
    public String toString() {
        return Arrays.toString(tokens) + (ended ? " ended, score " : " cut off, score ") + score;
    }
}
