package dev.fusedrnn.engine.reference;

/**
 * A row-major matrix inside a flat array; a bias is a matrix of one column. Every addition is rounded as an accumulator
 * would.
 */
record Matrix(double[] values, int offset, int rows, int columns, Rounding rounding) {
    /** Element (row, column). */
    double get(int row, int column) {
        return values[offset + row * columns + column];
    }

    /** {@code rows} rows from row {@code from}, sharing the values. */
    Matrix block(int from, int rows) {
        return new Matrix(values, offset + from * columns, rows, columns, rounding);
    }

    /** {@code start + Σ_k M[row,k]·vector[k]}. */
    double rowTimes(int row, double[] vector, double start) {
        double sum = start;
        int base = offset + row * columns;
        for (int k = 0; k < columns; k++) {
            sum = rounding.summed(sum + values[base + k] * vector[k]);
        }
        return sum;
    }

    /** {@code sums[k] += Σ_row M[row,k]·vector[row]}: what a gradient does on its way back through a product. */
    void addTransposedTimes(double[] vector, double[] sums) {
        for (int row = 0; row < rows; row++) {
            int base = offset + row * columns;
            for (int k = 0; k < columns; k++) {
                sums[k] = rounding.summed(sums[k] + values[base + k] * vector[row]);
            }
        }
    }

    /** {@code M[row,k] += left[row]·right[k]}: the gradient of a product's matrix. */
    void addOuter(double[] left, double[] right) {
        for (int row = 0; row < rows; row++) {
            int base = offset + row * columns;
            for (int k = 0; k < columns; k++) {
                values[base + k] = rounding.summed(values[base + k] + left[row] * right[k]);
            }
        }
    }

    /** {@code M[row,0] += vector[row]}: the gradient of a bias. */
    void addColumn(double[] vector) {
        for (int row = 0; row < rows; row++) {
            values[offset + row] = rounding.summed(values[offset + row] + vector[row]);
        }
    }
}
