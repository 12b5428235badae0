package dev.fusedrnn.engine.cudnn;

import java.util.List;

/**
 * What lies where in the reserve: per cuDNN call its own reserve, then, between two calls, the output of the lower one
 * and what dropout leaves of it.
 *
 * @param library byte offset of each call's own reserve
 * @param output byte offset of each call's output but the last's
 * @param dropped byte offset of what dropout leaves of that
 * @param bytes size of the whole
 */
record ReservePlan(long[] library, long[] output, long[] dropped, long bytes) {
    private static final long ALIGNMENT = 256;

    /**
     * Plans calls of the given reserve sizes.
     *
     * @param outputBytes size of one layer's output
     */
    static ReservePlan of(List<Long> reserves, long outputBytes) {
        int calls = reserves.size();
        long[] library = new long[calls];
        long[] output = new long[calls - 1];
        long[] dropped = new long[calls - 1];
        long next = 0;
        for (int call = 0; call < calls; call++) {
            library[call] = next;
            next = align(Math.addExact(next, reserves.get(call)));
            if (call < calls - 1) {
                output[call] = next;
                dropped[call] = align(Math.addExact(next, outputBytes));
                next = align(Math.addExact(dropped[call], outputBytes));
            }
        }
        return new ReservePlan(library, output, dropped, next);
    }

    private static long align(long offset) {
        return Math.multiplyExact(Math.floorDiv(Math.addExact(offset, ALIGNMENT - 1), ALIGNMENT), ALIGNMENT);
    }
}
