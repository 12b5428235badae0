package dev.fusedrnn.text;

/** SplitMix64's output function (Steele, Lea, Flood 2014): each bit of the result depends on all bits of the input. */
final class Mixing {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private Mixing() {}

    static long mix(long value) {
        long mixed = value + GOLDEN;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }

    /** One seed out of two, such as that of a run and the number of an epoch. */
    static long mix(long seed, long index) {
        return mix(mix(seed) + index * GOLDEN);
    }

    /** A number from 0 to {@code bound - 1}, each equally likely up to 1 part in 2^32 for bounds under 2^31. */
    static int below(int bound, long random) {
        return (int) ((random >>> 32) * bound >>> 32);
    }
}
