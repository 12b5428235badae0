package dev.fusedrnn.optim;

/** Checks of constants; a NaN passes none of them. */
final class Ranges {
    private Ranges() {}

    static void belowOne(String field, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(field + " must be in [0, 1), found " + value);
        }
    }

    static void notNegative(String field, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(field + " must be 0 or a positive finite number, found " + value);
        }
    }

    static void positive(String field, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(field + " must be a positive finite number, found " + value);
        }
    }
}
