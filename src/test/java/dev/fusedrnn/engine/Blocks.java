package dev.fusedrnn.engine;

import java.util.Arrays;

/** Blocks, rows and columns of flat arrays, taken, joined and put in another order. */
final class Blocks {
    private Blocks() {}

    /** One of two equal blocks. */
    static double[] half(double[] values, int which) {
        return part(values, 2, which);
    }

    /** One of three equal blocks; null of null. */
    static double[] third(double[] values, int which) {
        return part(values, 3, which);
    }

    /** One of equal blocks; null of null. */
    static double[] part(double[] values, int parts, int which) {
        int size = values == null ? 0 : values.length / parts;
        return values == null ? null : Arrays.copyOfRange(values, which * size, (which + 1) * size);
    }

    /** The second half before the first; null of null. */
    static double[] halves(double[] values) {
        return values == null ? null : swapHalves(values, values.length / 2);
    }

    /** Exchanges every two neighbouring blocks of {@code size} values. */
    static double[] swapHalves(double[] values, int size) {
        double[] swapped = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            swapped[i] = values[i / size % 2 == 0 ? i + size : i - size];
        }
        return swapped;
    }

    /** One array behind the other. */
    static double[] joined(double[] first, double[] second) {
        double[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** Rows of two matrices side by side. */
    static double[] beside(double[] left, int leftColumns, double[] right) {
        int rows = left.length / leftColumns;
        int rightColumns = right.length / rows;
        double[] both = new double[left.length + right.length];
        for (int row = 0; row < rows; row++) {
            int at = row * (leftColumns + rightColumns);
            System.arraycopy(left, row * leftColumns, both, at, leftColumns);
            System.arraycopy(right, row * rightColumns, both, at + leftColumns, rightColumns);
        }
        return both;
    }

    /** The rows of each gate in another order. */
    static double[] permuteRows(double[] values, int gates, int[] order) {
        int columns = values.length / (gates * order.length);
        double[] permuted = new double[values.length];
        for (int row = 0; row < gates * order.length; row++) {
            int from = row / order.length * order.length + order[row % order.length];
            System.arraycopy(values, from * columns, permuted, row * columns, columns);
        }
        return permuted;
    }

    /** The columns in another order; null of null. */
    static double[] permuteColumns(double[] values, int[] order) {
        if (values == null) {
            return null;
        }
        double[] permuted = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            permuted[i] = values[i - i % order.length + order[i % order.length]];
        }
        return permuted;
    }
}
