package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.tensor.Tensor;

/**
 * How a reserve tensor is used: the four words of the dropout generator, then for each layer and direction the {@link
 * Step} of every time and sample.
 */
final class Reserve {
    private static final int RANDOM_WORDS = 4;

    private final Extents extents;

    Reserve(Extents extents) {
        this.extents = extents;
    }

    /** Size of the reserve. */
    long bytes() {
        return offset(extents.config().layers(), 0);
    }

    /** Keeps the dropout generator's words. */
    void putRandom(Tensor reserve, int[] random) {
        HostMemory.put(reserve.address(), random, 0, RANDOM_WORDS);
    }

    /** The words {@link #putRandom} kept. */
    int[] random(Tensor reserve) {
        int[] random = new int[RANDOM_WORDS];
        HostMemory.get(reserve.address(), random, 0, RANDOM_WORDS);
        return random;
    }

    /** Address of the block of steps of a layer and direction. */
    long block(Tensor reserve, int layer, int direction) {
        return reserve.address() + offset(layer, direction);
    }

    /** Number of a step in its block. */
    long index(int t, int n) {
        return (long) t * extents.batch() + n;
    }

    private long offset(int layer, int direction) {
        RnnConfig config = extents.config();
        long bytes = (long) RANDOM_WORDS * Integer.BYTES;
        for (int below = 0; below < layer; below++) {
            bytes = Math.addExact(bytes, Math.multiplyExact(config.directions(), blockBytes(below)));
        }
        return direction == 0 ? bytes : Math.addExact(bytes, blockBytes(layer));
    }

    private long blockBytes(int layer) {
        long step = Math.multiplyExact((long) Step.of(extents.config(), layer).size(), Double.BYTES);
        return Math.multiplyExact(Math.multiplyExact((long) extents.steps(), extents.batch()), step);
    }
}
