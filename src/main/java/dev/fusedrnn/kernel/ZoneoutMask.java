package dev.fusedrnn.kernel;

/**
 * Which units zoneout keeps at their value of the step before: those {@link DropoutMask} drops, in streams of their own, so
 * that every engine draws the same masks and none is stored.
 *
 * <p>The element index is that of time t, sample n and unit j in [T, N, K], K being the size of the state: every layer,
 * direction and state has a stream of its own.
 */
public final class ZoneoutMask {
    /** Behind the streams of dropout. */
    private static final int FIRST_STREAM = 1 << 17;

    private ZoneoutMask() {}

    /**
     * The stream of a state's mask.
     *
     * @param cell whether c is meant rather than h
     */
    public static int stream(int layer, int direction, boolean cell) {
        return FIRST_STREAM + 4 * layer + 2 * direction + (cell ? 1 : 0);
    }

    /** Whether a unit keeps its value: 1, or 0. */
    public static float keeps(float p, int seedLow, int seedHigh, int draw, int stream, long element) {
        return DropoutMask.factor(p, seedLow, seedHigh, draw, stream, element) == 0 ? 1 : 0;
    }

    /**
     * The same of {@code count} units from {@code first} on.
     *
     * @param random seed low, seed high, draw
     * @param words room for four words
     * @param out written from its start
     */
    public static void keeps(float p, int[] random, int stream, long first, int[] words, float[] out, int count) {
        DropoutMask.factors(p, random, stream, first, 0, words, out, count);
        for (int i = 0; i < count; i++) {
            out[i] = out[i] == 0 ? 1 : 0;
        }
    }
}
