package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.Tensor;

/** Sizes of a copy of columns from one matrix to another, checked. */
record ColumnBlock(long rows, long fromPitch, long toPitch) {
    static ColumnBlock of(Tensor from, long fromColumn, Tensor to, long toColumn, long columns) {
        if (fromColumn < 0 || toColumn < 0 || columns < 1) {
            throw new IllegalArgumentException("columns must be 1 or more from column 0 or later, found " + columns
                    + " from " + fromColumn + " to " + toColumn);
        }
        long fromPitch = RowPitch.of("from", from, Math.addExact(fromColumn, columns));
        long toPitch = RowPitch.of("to", to, Math.addExact(toColumn, columns));
        long rows = from.shape().extent(0);
        if (to.shape().extent(0) != rows) {
            throw new IllegalArgumentException("to must have the " + rows + " rows of from, found " + to);
        }
        return new ColumnBlock(rows, fromPitch, toPitch);
    }
}
