package dev.fusedrnn.text;

/**
 * A pseudo-random permutation of 0 to {@code size - 1} that needs no memory: a Feistel network over the next power of
 * four, walked until the value falls below {@code size} (Black and Rogaway 2002). So the windows of a text larger than
 * the heap can be shuffled, and any place in the order can be gone to at once.
 */
final class Shuffle {
    private static final int ROUNDS = 8;

    private final long size;
    private final long seed;
    private final int halfBits;
    private final long halfMask;

    Shuffle(long size, long seed) {
        this.size = size;
        this.seed = seed;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(1, size - 1));
        this.halfBits = (bits + 1) / 2;
        this.halfMask = (1L << halfBits) - 1;
    }

    /** The element at a place. */
    long at(long place) {
        long value = place;
        do {
            value = permute(value);
        } while (value >= size);
        return value;
    }

    private long permute(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ Mixing.mix(seed, right * ROUNDS + round) & halfMask;
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }
}
