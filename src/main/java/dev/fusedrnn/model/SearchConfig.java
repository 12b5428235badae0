package dev.fusedrnn.model;

import java.io.Serializable;

/**
 * How {@link SequenceSearch} looks for a likely sequence.
 *
 * @param width sequences kept at each step; 1 is greedy search
 * @param alpha sequences compete by {@code Σ log P / L^alpha}, L their length with the end mark: 0 favours short ones, 0.75 is
 *     the book's
 * @param maxLength T', tokens at most, the end mark included
 */
public record SearchConfig(int width, double alpha, int maxLength) implements Serializable {
    /** The exponent of the book "Dive into Deep Learning". */
    public static final double BOOK_ALPHA = 0.75;

    public SearchConfig {
        if (width < 1) {
            throw new IllegalArgumentException("width must be 1 or more, found " + width);
        }
        if (!(alpha >= 0 && alpha < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("alpha must be 0 or a positive finite number, found " + alpha);
        }
        if (maxLength < 1) {
            throw new IllegalArgumentException("maxLength must be 1 or more, found " + maxLength);
        }
    }

    /** Always the likeliest next token. */
    public static SearchConfig greedy(int maxLength) {
        return new SearchConfig(1, BOOK_ALPHA, maxLength);
    }

    /** The likeliest of {@code width} sequences, by the book's score. */
    public static SearchConfig beam(int width, int maxLength) {
        return new SearchConfig(width, BOOK_ALPHA, maxLength);
    }

    /** What a sequence competes by. */
    double score(double logProbability, int length) {
        return logProbability / Math.pow(length, alpha);
    }
}
