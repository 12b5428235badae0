package dev.fusedrnn.kernel;

/**
 * Which elements dropout keeps: a pure function of seed, draw, stream and element index, so that every engine draws the
 * same mask and none is stored.
 *
 * <p>Element e reads word {@code e mod 4} of the {@link Philox} block with counter (low and high half of {@code e/4},
 * stream, draw) under the key (seed low, seed high). It is kept if {@code (word >>> 8)·2^-24 >= p} and then scaled by
 * {@code 1/(1-p)}. Between layers, the stream is the index of the layer whose output is dropped and e is the element's
 * index in [T, N, D·H].
 *
 * <p>With a period, element i has the factor of element {@code i mod period}: over [T, N, K] and with the period N·K one
 * mask serves all time steps, the variational dropout of Gal and Ghahramani (2016).
 */
public final class DropoutMask {
    private DropoutMask() {}

    /** The factor element {@code element} is multiplied by: 0 or {@code 1/(1-p)}. */
    public static float factor(float p, int seedLow, int seedHigh, int draw, int stream, long element) {
        long block = element >>> 2;
        int word = Philox.word((int) block, (int) (block >>> 32), stream, draw, seedLow, seedHigh, (int) (element & 3));
        return (word >>> 8) * 0x1p-24f >= p ? 1 / (1 - p) : 0;
    }

    /**
     * The factors of {@code count} elements from {@code first} on, the same values as {@link #factor} gives.
     *
     * @param random seed low, seed high, draw
     * @param period elements after which the mask repeats; 0 for one that does not
     * @param words room for four words
     * @param out written from its start
     */
    public static void factors(
            float p, int[] random, int stream, long first, long period, int[] words, float[] out, int count) {
        int done = 0;
        while (done < count) {
            if (period > 0 && done >= period) {
                int part = (int) Math.min(period, count - done);
                System.arraycopy(out, (int) (done - period), out, done, part);
                done += part;
            } else {
                long element = period == 0 ? first + done : (first + done) % period;
                long left = period == 0 ? count : period - element;
                int end = (int) Math.min(count, done + left);
                draw(p, random, stream, element, words, out, done, end);
                done = end;
            }
        }
    }

    private static void draw(
            float p, int[] random, int stream, long first, int[] words, float[] out, int from, int end) {
        float keep = 1 / (1 - p);
        int done = from;
        while (done < end) {
            long element = first + (done - from);
            long block = element >>> 2;
            Philox.block((int) block, (int) (block >>> 32), stream, random[2], random[0], random[1], words);
            for (int lane = (int) (element & 3); lane < 4 && done < end; lane++) {
                out[done++] = (words[lane] >>> 8) * 0x1p-24f >= p ? keep : 0;
            }
        }
    }

    static void requirePeriod(long period) {
        if (period < 0) {
            throw new IllegalArgumentException("period must be at least 0, found " + period);
        }
    }
}
