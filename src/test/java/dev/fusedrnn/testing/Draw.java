package dev.fusedrnn.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * What one case of a property test is drawn from: a seed, so that it can be had again. The ends of a range, zero and one come
 * more often than chance has them.
 */
public final class Draw {
    /** System property: the one seed to check, instead of all. */
    public static final String ONLY = "fusedrnn.draw";

    /** One draw in so many is of the edges. */
    private static final int EDGE = 8;

    private final long seed;
    private final SplittableRandom random;

    private Draw(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
    }

    /** What must hold for all that is drawn. */
    @FunctionalInterface
    public interface Property {
        /** Draws, and fails if the property does not hold. */
        void check(Draw draw) throws Exception;
    }

    /** Checks a property for the seeds 0 to {@code cases} - 1; a failure names its seed. */
    public static void cases(int cases, Property property) {
        Long only = Long.getLong(ONLY);
        long first = only == null ? 0 : only;
        long end = only == null ? cases : only + 1;
        for (long seed = first; seed < end; seed++) {
            Draw draw = new Draw(seed);
            try {
                property.check(draw);
            } catch (Exception | AssertionError failed) {
                throw new AssertionError(
                        "seed " + draw.seed + " (-D" + ONLY + "=" + draw.seed + "): " + failed.getMessage(), failed);
            }
        }
    }

    /** The seed of this case. */
    public long seed() {
        return seed;
    }

    /** A whole number from {@code least} to {@code most}. */
    public int whole(int least, int most) {
        return (int) whole((long) least, (long) most);
    }

    /** A whole number from {@code least} to {@code most}. */
    public long whole(long least, long most) {
        if (random.nextInt(EDGE) == 0) {
            long edge = new long[] {least, most, 0, 1, -1, least + 1, most - 1}[random.nextInt(7)];
            return Math.max(least, Math.min(most, edge));
        }
        return most == Long.MAX_VALUE ? wholeWithoutEnd(least) : random.nextLong(least, most + 1);
    }

    private long wholeWithoutEnd(long least) {
        return least == Long.MIN_VALUE ? random.nextLong() : random.nextLong(least - 1, Long.MAX_VALUE) + 1;
    }

    /** Any long, such as a seed. */
    public long anyLong() {
        return whole(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** Any int, such as the bits of a float. */
    public int anyInt() {
        return whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** True or false. */
    public boolean flag() {
        return random.nextBoolean();
    }

    /** A number from 0 to {@code most}. */
    public double real(double most) {
        return random.nextInt(EDGE) == 0 ? (flag() ? 0 : most) : random.nextDouble() * most;
    }

    /** A finite double of any exponent. */
    public double anyDouble() {
        double value = Double.longBitsToDouble(anyLong());
        return Double.isFinite(value) ? value : anyDouble();
    }

    /** A finite float of any exponent. */
    public float anyFloat() {
        float value = Float.intBitsToFloat(anyInt());
        return Float.isFinite(value) ? value : anyFloat();
    }

    /** One of these. */
    @SafeVarargs
    public final <V> V oneOf(V... values) {
        return values[random.nextInt(values.length)];
    }

    /** From {@code least} to {@code most} draws of the same kind. */
    public <V> List<V> list(int least, int most, Supplier<V> element) {
        int size = whole(least, most);
        List<V> list = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            list.add(element.get());
        }
        return list;
    }

    /** A character of ASCII or, as often, of any script: one code point, never half of a surrogate pair. */
    public String character() {
        int point = whole(0, flag() ? 0x7f : Character.MAX_CODE_POINT);
        boolean half = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
        return half ? character() : Character.toString(point);
    }

    /** Up to {@code most} draws of a part, one behind the other. */
    public String text(int most, Supplier<String> part) {
        return String.join("", list(0, most, part));
    }
}
