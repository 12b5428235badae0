package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * Where the values of a matrix [gates·hidden, columns] lie in the kernels' layout; see {@code fusedrnn/pack.h}.
 *
 * @param order {@code FrnnRows}
 * @param rows of the packed matrix: gates·hidden, and zeros behind them
 * @param pitch elements from packed row to packed row: the columns, and zeros behind them
 */
record PackedMatrix(int order, long gates, long hidden, long columns, long rows, long pitch) {
    /** Rows of any meaning, in their order. */
    static PackedMatrix ofRows(long rows, long columns, long packedRows, long pitch) {
        return new PackedMatrix(FusedRnn.FRNN_ROWS_INTERLEAVED, 1, rows, columns, packedRows, pitch);
    }

    /** Elements of the packed matrix. */
    long elements() {
        return Math.multiplyExact(rows, pitch);
    }
}
