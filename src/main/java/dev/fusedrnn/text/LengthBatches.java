package dev.fusedrnn.text;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * The minibatches of one epoch over examples of different lengths: those of similar length share a minibatch, in random order
 * and with other neighbours for each seed; every example is in one minibatch. Immutable, and free to be shared between
 * threads.
 */
public final class LengthBatches {
    /** Where a minibatch may end. */
    public enum Cut {
        /** After so many examples, and at the end of each range of lengths: no two lengths in one differ by a range's width. */
        WITHIN_RANGES,
        /** After so many examples: the last minibatch alone is smaller. */
        ACROSS_RANGES
    }

    private final int[] order;
    private final int[] firsts;
    private final int[] longest;
    private final Shuffle minibatches;

    /**
     * Puts examples together.
     *
     * @param count number of examples, 1 or more
     * @param length of an example, 1 or more
     * @param batch most examples in a minibatch, 1 or more
     * @param width lengths are alike if they fall into the same range of so many, 1 or more
     * @param cut where a minibatch may end
     * @param seed of the order
     * @throws IllegalArgumentException if a value is not as said
     */
    public LengthBatches(int count, IntUnaryOperator length, int batch, int width, Cut cut, long seed) {
        require("batch", batch);
        require("bucketWidth", width);
        require("number of examples", count);
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            lengths[i] = length.applyAsInt(i);
            require("length of example " + i, lengths[i]);
        }
        int[] ends = ends(lengths, width);
        this.order = order(lengths, width, ends.clone(), new Shuffle(count, seed));
        this.firsts = firsts(cut == Cut.WITHIN_RANGES ? ends : new int[] {count}, batch);
        this.longest = longest(lengths);
        this.minibatches = new Shuffle(size(), Mixing.mix(seed, 1));
    }

    /** A seed of its own for each epoch. */
    public static long epochSeed(long seed, long epoch) {
        return Mixing.mix(seed, epoch);
    }

    private static void require(String what, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + ": expected at least 1, found " + value);
        }
    }

    private static int[] ends(int[] lengths, int width) {
        int most = Arrays.stream(lengths).max().orElseThrow();
        int[] ends = new int[(most - 1) / width + 1];
        for (int length : lengths) {
            ends[(length - 1) / width]++;
        }
        for (int i = 1; i < ends.length; i++) {
            ends[i] += ends[i - 1];
        }
        return ends;
    }

    private static int[] order(int[] lengths, int width, int[] free, Shuffle shuffle) {
        int[] order = new int[lengths.length];
        for (int i = 0; i < order.length; i++) {
            int next = (int) shuffle.at(i);
            order[--free[(lengths[next] - 1) / width]] = next;
        }
        return order;
    }

    /** The place in {@link #order} where each minibatch starts, and the end; none reaches across one of {@code ends}. */
    private static int[] firsts(int[] ends, int batch) {
        int count = ends[ends.length - 1];
        int[] cuts = new int[count + 1];
        int found = 0;
        int from = 0;
        for (int end : ends) {
            for (; from < end; from = Math.min(end, from + batch)) {
                cuts[found++] = from;
            }
        }
        cuts[found] = count;
        return Arrays.copyOf(cuts, found + 1);
    }

    private int[] longest(int[] lengths) {
        int[] most = new int[size()];
        for (int minibatch = 0; minibatch < most.length; minibatch++) {
            for (int i = firsts[minibatch]; i < firsts[minibatch + 1]; i++) {
                most[minibatch] = Math.max(most[minibatch], lengths[order[i]]);
            }
        }
        return most;
    }

    /** Number of minibatches. */
    public int size() {
        return firsts.length - 1;
    }

    /** Number of examples in a minibatch. */
    public int rows(long index) {
        int at = place(index);
        return firsts[at + 1] - firsts[at];
    }

    /** The greatest length in a minibatch. */
    public int longest(long index) {
        return longest[place(index)];
    }

    /** The index among all examples of row {@code row} of a minibatch. */
    public int example(long index, int row) {
        if (row < 0 || row >= rows(index)) {
            throw new IllegalArgumentException("row: expected 0 to " + (rows(index) - 1) + ", found " + row);
        }
        return order[firsts[place(index)] + row];
    }

    private int place(long index) {
        if (index < 0 || index >= size()) {
            throw new IllegalArgumentException("index: expected 0 to " + (size() - 1) + ", found " + index);
        }
        return (int) minibatches.at(index);
    }
}
