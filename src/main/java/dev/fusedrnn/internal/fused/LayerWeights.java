package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * One layer's weights in the kernels' layout, and the way of its gradients back to the flat layout.
 *
 * <p>Addresses of the flat parameters are given per direction; a bias address is 0 if the layer has none.
 */
public final class LayerWeights {
    /** Device addresses of one direction's parameters, or of their gradients. */
    public record Flat(long wIh, long wHh, long wHr, long bIh, long bHh) {}

    private final LayerShape shape;
    private final NativeCalls calls;
    private final int recurrentRows;

    // Byte offsets within the layer's block.
    private final long wIh;
    private final long wHh;
    private final long bias;
    private final long bHn;
    private final long wHr;
    private final long bytes;

    /** Weights of a layer. */
    public LayerWeights(LayerShape shape, NativeCalls calls) {
        this.shape = shape;
        this.calls = calls;
        recurrentRows = shape.resetsBefore() ? FusedRnn.FRNN_ROWS_RESET_BEFORE : FusedRnn.FRNN_ROWS_INTERLEAVED;
        long allRows = shape.directions() * shape.gateRows();
        Offsets offsets = new Offsets();
        wIh = offsets.next(shape.bytes(allRows * shape.inputs()));
        wHh = offsets.next(shape.bytes(allRows * shape.outputs()));
        bias = offsets.next(shape.bytes(allRows));
        bHn = offsets.next(shape.isGru() ? 4 * shape.directions() * shape.hidden() : 0);
        wHr = offsets.next(shape.bytes(shape.directions() * shape.projection() * shape.hidden()));
        bytes = offsets.total();
    }

    /** Bytes of the block the packed weights take. */
    public long bytes() {
        return bytes;
    }

    /** Packs the weights of all directions into the block. */
    public void pack(Flat[] flat, long block, long stream) {
        long rows = shape.gateRows();
        boolean splitsBias = shape.cell() == FusedRnn.FRNN_GRU_RESET_AFTER;
        for (int d = 0; d < flat.length; d++) {
            calls.packRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    shape.type(),
                    flat[d].wIh(),
                    shape.type(),
                    block + wIh + shape.bytes(d * rows * shape.inputs()),
                    shape.gates(),
                    shape.hidden(),
                    shape.inputs(),
                    stream);
            calls.packRows(
                    recurrentRows,
                    shape.type(),
                    flat[d].wHh(),
                    shape.type(),
                    block + wHh + shape.bytes(d * rows * shape.outputs()),
                    shape.gates(),
                    shape.hidden(),
                    shape.outputs(),
                    stream);
            calls.packBias(
                    shape.cell(),
                    shape.type(),
                    shape.hidden(),
                    flat[d].bIh(),
                    flat[d].bHh(),
                    block + bias + shape.bytes(d * rows),
                    splitsBias ? block + bHn + 4 * d * shape.hidden() : 0,
                    stream);
            if (shape.projects()) {
                long count = shape.projection() * shape.hidden();
                long target = block + wHr + shape.bytes(d * count);
                calls.convert(shape.type(), flat[d].wHr(), shape.type(), target, count);
            }
        }
    }

    /** Address of the packed S [D·H·G, C]. */
    public long wIh(long block) {
        return block + wIh;
    }

    /** Address of the packed S [D, H·G, P or H]. */
    public long wHh(long block) {
        return block + wHh;
    }

    /** Address of the input product's bias, S [D·H·G]. */
    public long bias(long block) {
        return block + bias;
    }

    /** Address of the recurrent bias of n, F32 [D,H]; 0 for other cells. */
    public long recurrentBiasN(long block) {
        return shape.cell() == FusedRnn.FRNN_GRU_RESET_AFTER ? block + bHn : 0;
    }

    /** Address of the projection weights, S [D,P,H]; 0 without projection. */
    public long wHr(long block) {
        return shape.projects() ? block + wHr : 0;
    }

    /** Adds or writes the gradient of the input weights, from F32 [D·H·G, C]. */
    void unpackInput(long packed, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            calls.unpackRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    packed + 4 * d * shape.gateRows() * shape.inputs(),
                    flatType,
                    flat[d].wIh(),
                    shape.gates(),
                    shape.hidden(),
                    shape.inputs(),
                    accumulate,
                    stream);
        }
    }

    /** Adds or writes the gradient of the recurrent weights, from F32 [D, H·G, P or H]. */
    void unpackRecurrent(long packed, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            calls.unpackRows(
                    recurrentRows,
                    packed + 4 * d * shape.gateRows() * shape.outputs(),
                    flatType,
                    flat[d].wHh(),
                    shape.gates(),
                    shape.hidden(),
                    shape.outputs(),
                    accumulate,
                    stream);
        }
    }

    /** Adds or writes the gradients of the biases, from the sums of dGates and of the recurrent side, F32 [D, H·G] each. */
    void unpackBiases(long sums, long sumsH, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            if (flat[d].bIh() == 0) {
                return;
            }
            long offset = 4 * d * shape.gateRows();
            unpackBias(sums + offset, FusedRnn.FRNN_ROWS_INTERLEAVED, flatType, flat[d].bIh(), accumulate, stream);
            unpackBias(sumsH + offset, recurrentRows, flatType, flat[d].bHh(), accumulate, stream);
        }
    }

    private void unpackBias(long packed, int rows, int flatType, long flat, boolean accumulate, long stream) {
        calls.unpackRows(rows, packed, flatType, flat, shape.gates(), shape.hidden(), 1, accumulate, stream);
    }
}
