package dev.fusedrnn.engine;

import java.util.Arrays;

/**
 * The number of valid time steps of each sample, in any order. Immutable.
 *
 * <p>Behind a sample's length its outputs and input gradients are zero and its inputs have no influence; its final
 * state is the one after its last valid step; the backward direction starts at that step.
 */
public final class SequenceLengths {
    private final int[] lengths;

    private SequenceLengths(int[] lengths) {
        this.lengths = lengths;
    }

    /**
     * Lengths of N samples.
     *
     * @param steps T, the largest length allowed
     * @throws IllegalArgumentException naming the first length that is not in [1, T]
     */
    public static SequenceLengths of(int steps, int... lengths) {
        for (int n = 0; n < lengths.length; n++) {
            if (lengths[n] < 1 || lengths[n] > steps) {
                throw new IllegalArgumentException(
                        "seqLengths[" + n + "] must be in [1, " + steps + "], found " + lengths[n]);
            }
        }
        return new SequenceLengths(lengths.clone());
    }

    /** N. */
    public int batch() {
        return lengths.length;
    }

    /** Valid steps of sample {@code n}. */
    public int get(int n) {
        return lengths[n];
    }

    /** A copy of all lengths. */
    public int[] toArray() {
        return lengths.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SequenceLengths that && Arrays.equals(lengths, that.lengths);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(lengths);
    }

    @Override
    public String toString() {
        return Arrays.toString(lengths);
    }
}
