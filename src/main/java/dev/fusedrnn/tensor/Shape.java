package dev.fusedrnn.tensor;

import java.util.Arrays;

/** The extents of a tensor, outermost first. Immutable; the number of elements always fits a {@code long}. */
public final class Shape {
    private final long[] extents;
    private final long elements;

    private Shape(long[] extents) {
        long product = 1;
        for (int i = 0; i < extents.length; i++) {
            if (extents[i] < 0) {
                throw new IllegalArgumentException(
                        "extent " + i + " of a shape must not be negative, found " + extents[i]);
            }
            try {
                product = Math.multiplyExact(product, extents[i]);
            } catch (ArithmeticException tooLarge) {
                throw new IllegalArgumentException(
                        "shape " + Arrays.toString(extents) + " has more than 2^63 elements");
            }
        }
        this.extents = extents;
        this.elements = product;
    }

    /** A shape of the given extents; no extent at all is a scalar. */
    public static Shape of(long... extents) {
        return new Shape(extents.clone());
    }

    /** Number of extents. */
    public int rank() {
        return extents.length;
    }

    /** Extent {@code axis}, counted from the outermost. */
    public long extent(int axis) {
        return extents[axis];
    }

    /** Product of all extents. */
    public long elements() {
        return elements;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape that && Arrays.equals(extents, that.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    @Override
    public String toString() {
        return Arrays.toString(extents);
    }
}
