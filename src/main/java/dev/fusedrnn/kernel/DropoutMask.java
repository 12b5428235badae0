package dev.fusedrnn.kernel;

/**
 * Which elements dropout keeps: a pure function of seed, draw, stream and element index, so that every engine draws the
 * same mask and none is stored.
 *
 * <p>Element e reads word {@code e mod 4} of the {@link Philox} block with counter (low and high half of {@code e/4},
 * stream, draw) under the key (seed low, seed high). It is kept if {@code (word >>> 8)·2^-24 >= p} and then scaled by
 * {@code 1/(1-p)}. Between layers, the stream is the index of the layer whose output is dropped and e is the element's
 * index in [T, N, D·H].
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
     * @param out written from its start
     */
    public static void factors(
            float p, int seedLow, int seedHigh, int draw, int stream, long first, float[] out, int count) {
        float keep = 1 / (1 - p);
        int done = 0;
        int[] words = new int[4];
        while (done < count) {
            long element = first + done;
            long block = element >>> 2;
            Philox.block((int) block, (int) (block >>> 32), stream, draw, seedLow, seedHigh, words);
            for (int lane = (int) (element & 3); lane < 4 && done < count; lane++) {
                out[done++] = (words[lane] >>> 8) * 0x1p-24f >= p ? keep : 0;
            }
        }
    }
}
