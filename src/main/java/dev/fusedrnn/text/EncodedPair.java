package dev.fusedrnn.text;

import java.util.Arrays;

/**
 * A sentence pair as ids.
 *
 * @param source what is translated, 1 token or more, usually with the end mark
 * @param target its translation, 1 token or more, usually with the end mark
 */
public record EncodedPair(int[] source, int[] target) {
    /** Checks and copies the ids. */
    public EncodedPair {
        source = check("source", source);
        target = check("target", target);
    }

    private static int[] check(String side, int[] ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException(side + ": expected at least one token, found none");
        }
        return ids.clone();
    }

    /** The same with at most so many tokens on each side. */
    public EncodedPair cut(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: expected at least 1, found " + steps);
        }
        return new EncodedPair(
                Arrays.copyOf(source, Math.min(steps, source.length)),
                Arrays.copyOf(target, Math.min(steps, target.length)));
    }

    /** Tokens of the longer side. */
    public int length() {
        return Math.max(source.length, target.length);
    }

    @Override
    public int[] source() {
        return source.clone();
    }

    @Override
    public int[] target() {
        return target.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncodedPair that
                && Arrays.equals(source, that.source)
                && Arrays.equals(target, that.target);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(source) + Arrays.hashCode(target);
    }

    @Override
    public String toString() {
        return Arrays.toString(source) + " -> " + Arrays.toString(target);
    }
}
