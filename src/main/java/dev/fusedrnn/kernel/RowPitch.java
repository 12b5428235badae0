package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.Shape;
import dev.fusedrnn.tensor.Tensor;

/** Elements from row to row of a matrix that may have padding columns behind its own. */
final class RowPitch {
    private RowPitch() {}

    /** P of a matrix [M, P] with at least {@code columns} columns. */
    static long of(String name, Tensor matrix, long columns) {
        Shape shape = matrix.shape();
        if (columns < 1 || shape.rank() != 2 || shape.extent(1) < columns) {
            throw new IllegalArgumentException(
                    name + " must have two axes and at least " + columns + " columns, found " + matrix);
        }
        return shape.extent(1);
    }
}
