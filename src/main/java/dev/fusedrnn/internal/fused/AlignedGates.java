package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.MatrixProduct;

/**
 * Gradients of gates as products read them. Rows of 16-bit gates that persistent kernels write need not begin at multiples of 16
 * bytes, as those of an LSTM with an even number of units do: then large products are given copies whose rows do, and end in
 * zeros.
 */
final class AlignedGates {
    private final LayerShape shape;
    private final long columns;
    private final long pitch;

    private AlignedGates(LayerShape shape, long columns, long pitch) {
        this.shape = shape;
        this.columns = columns;
        this.pitch = pitch;
    }

    /**
     * Plans rows for products.
     *
     * @param columns elements of a row
     * @param multiplications of the products for each element of the gates
     * @param copies how many tensors are copied for them
     */
    static AlignedGates of(LayerShape shape, long columns, double multiplications, int copies, Gemm.Factory gemms) {
        long aligned = MatrixProduct.pitch(columns, shape.storage());
        double elements = (double) shape.rows() * shape.directions() * shape.gateRows();
        boolean pays = gemms.paysToCopy(multiplications * elements, copies * elements);
        return new AlignedGates(shape, columns, pays ? aligned : columns);
    }

    /** Elements from row to row, for the products. */
    long pitch() {
        return pitch;
    }

    /** Whether there are copies. */
    boolean copies() {
        return pitch != columns;
    }

    /** Bytes of a copy of so many rows; 0 if there is none. */
    long bytes(long rows) {
        return copies() ? shape.bytes(Math.multiplyExact(rows, pitch)) : 0;
    }

    /** A copy of so many rows. */
    PackedMatrix matrix(long rows) {
        return PackedMatrix.ofRows(rows, columns, rows, pitch);
    }
}
