package dev.fusedrnn.train;

import java.util.Random;

/**
 * How much of the gradient crosses the border between two segments of a sequence on its way back: the factor ξ of {@code
 * dh_{t−1} ← ξ·dh_{t−1}}.
 */
@FunctionalInterface
public interface Truncation {
    /** The factor of the next border, asked from the last border to the first. */
    double factor();

    /** Everything crosses: full backpropagation through time. */
    static Truncation none() {
        return () -> 1;
    }

    /** Nothing crosses: the usual truncation. */
    static Truncation atEveryBorder() {
        return () -> 0;
    }

    /**
     * Randomized truncation (Tallec and Ollivier, "Unbiasing truncated backpropagation through time", 2017): ξ is 1/p with
     * probability p, else 0. Its mean is 1, so the mean gradient is the full one.
     *
     * @param p in (0, 1]
     */
    static Truncation randomized(double p, Random random) {
        if (!(p > 0 && p <= 1)) {
            throw new IllegalArgumentException("p must be in (0, 1], found " + p);
        }
        return () -> random.nextDouble() < p ? 1 / p : 0;
    }
}
