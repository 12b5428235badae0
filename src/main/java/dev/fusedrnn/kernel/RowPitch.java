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

    /** Refuses matrices of different types, or of which the padded one has fewer rows or columns than the dense one. */
    static void requireRoom(Tensor dense, Tensor padded) {
        boolean matrices = dense.shape().rank() == 2 && padded.shape().rank() == 2;
        if (!matrices
                || padded.shape().extent(0) < dense.shape().extent(0)
                || padded.shape().extent(1) < dense.shape().extent(1)
                || padded.dataType() != dense.dataType()) {
            throw new IllegalArgumentException(
                    "a matrix of one type with room for all of " + dense + " is needed, found " + padded);
        }
    }

    /** The same, of equally many rows. */
    static void requireColumns(Tensor dense, Tensor padded) {
        requireRoom(dense, padded);
        if (padded.shape().extent(0) != dense.shape().extent(0)) {
            throw new IllegalArgumentException("as many rows as in " + dense + " are needed, found " + padded);
        }
    }
}
