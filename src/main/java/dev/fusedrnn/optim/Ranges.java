package dev.fusedrnn.optim;

/** Checks of constants; a NaN passes none of them. Steps are computed in F32, so it is the nearest of those that has to be in range. */
final class Ranges {
    private Ranges() {}

    static void belowOne(String field, double value) {
        if (!(value >= 0 && (float) value < 1)) {
            throw new IllegalArgumentException(field + " must be in [0, 1) and below 1 in F32 too, found " + value);
        }
    }

    static void notNegative(String field, double value) {
        if (!(value >= 0 && (float) value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(field + " must be 0 or a positive finite number of F32, found " + value);
        }
    }

    static void positive(String field, double value) {
        if (!((float) value > 0 && (float) value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(field + " must be a positive finite number of F32, found " + value);
        }
    }
}
