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

    private static final int F32 = FusedRnn.FRNN_F32;
    private static final int F32_BYTES = 4;

    private final LayerShape shape;
    private final Pitches pitches;
    private final NativeCalls calls;
    private final int recurrentRows;

    // Byte offsets within the layer's block.
    private final long wIh;
    private final long wHh;
    private final long wHhBackward;
    private final long bias;
    private final long bHn;
    private final long wHr;
    private final long bytes;

    /** Weights of a layer. */
    public LayerWeights(LayerShape shape, Pitches pitches, NativeCalls calls) {
        this.shape = shape;
        this.pitches = pitches;
        this.calls = calls;
        recurrentRows = shape.resetsBefore() ? FusedRnn.FRNN_ROWS_RESET_BEFORE : FusedRnn.FRNN_ROWS_INTERLEAVED;
        long allRows = shape.directions() * pitches.gates();
        Offsets offsets = new Offsets();
        wIh = offsets.next(shape.bytes(allRows * pitches.inputs()));
        wHh = offsets.next(shape.bytes(shape.directions() * pitches.forward().elements()));
        wHhBackward = pitches.backward().equals(pitches.forward())
                ? wHh
                : offsets.next(
                        shape.bytes(shape.directions() * pitches.backward().elements()));
        bias = offsets.next(shape.bytes(allRows));
        bHn = offsets.next(shape.isGru() ? F32_BYTES * shape.directions() * shape.hidden() : 0);
        wHr = offsets.next(shape.projects() ? shape.bytes(shape.directions() * pitches.states() * pitches.units()) : 0);
        bytes = offsets.total();
    }

    /** Bytes of the block the packed weights take. */
    public long bytes() {
        return bytes;
    }

    /** Packs the weights of all directions into the block. */
    public void pack(Flat[] flat, long block, long stream) {
        long rows = pitches.gates();
        boolean splitsBias = shape.cell() == FusedRnn.FRNN_GRU_RESET_AFTER;
        for (int d = 0; d < flat.length; d++) {
            calls.packRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    shape.type(),
                    flat[d].wIh(),
                    shape.type(),
                    block + wIh + shape.bytes(d * rows * pitches.inputs()),
                    shape.gates(),
                    shape.hidden(),
                    shape.inputs(),
                    rows,
                    pitches.inputs(),
                    stream);
            packRecurrent(flat[d].wHh(), block + wHh, pitches.forward(), d, stream);
            if (wHhBackward != wHh) {
                packRecurrent(flat[d].wHh(), block + wHhBackward, pitches.backward(), d, stream);
            }
            calls.packBias(
                    shape.cell(),
                    shape.type(),
                    shape.hidden(),
                    flat[d].bIh(),
                    flat[d].bHh(),
                    block + bias + shape.bytes(d * rows),
                    rows,
                    splitsBias ? block + bHn + F32_BYTES * d * shape.hidden() : 0,
                    stream);
            if (shape.projects()) {
                calls.packRows(
                        FusedRnn.FRNN_ROWS_INTERLEAVED,
                        shape.type(),
                        flat[d].wHr(),
                        shape.type(),
                        block + wHr + shape.bytes(d * pitches.states() * pitches.units()),
                        1,
                        shape.projection(),
                        shape.hidden(),
                        pitches.states(),
                        pitches.units(),
                        stream);
            }
        }
    }

    private void packRecurrent(long flat, long packed, Pitches.Recurrent size, int direction, long stream) {
        calls.packRows(
                recurrentRows,
                shape.type(),
                flat,
                shape.type(),
                packed + shape.bytes(direction * size.elements()),
                shape.gates(),
                shape.hidden(),
                shape.outputs(),
                size.rows(),
                size.columns(),
                stream);
    }

    /** Address of the packed S [D·H·G, C], with the pitches of gates and inputs. */
    public long wIh(long block) {
        return block + wIh;
    }

    /** Address of the packed S [D, H·G, P or H] that the backward pass reads, of the size of that pass. */
    public long wHhBackward(long block) {
        return block + wHhBackward;
    }

    /** Address of the packed S [D, H·G, P or H] that the forward pass reads, of the size of that pass. */
    public long wHh(long block) {
        return block + wHh;
    }

    /** Address of the input product's bias, S [D, H·G], with the pitch of gates. */
    public long bias(long block) {
        return block + bias;
    }

    /** Address of the recurrent bias of n, F32 [D,H]; 0 for other cells. */
    public long recurrentBiasN(long block) {
        return shape.cell() == FusedRnn.FRNN_GRU_RESET_AFTER ? block + bHn : 0;
    }

    /** Address of the projection weights, S [D,P,H], with the pitches of states and units; 0 without projection. */
    public long wHr(long block) {
        return shape.projects() ? block + wHr : 0;
    }

    /** Adds or writes the gradient of the input weights, from F32 [D·H·G, C], with the pitches of gates and inputs. */
    void unpackInput(long packed, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            calls.unpackRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    F32,
                    packed + F32_BYTES * d * pitches.gates() * pitches.inputs(),
                    pitches.inputs(),
                    flatType,
                    flat[d].wIh(),
                    shape.gates(),
                    shape.hidden(),
                    shape.inputs(),
                    accumulate,
                    stream);
        }
    }

    /** Adds or writes the gradient of the recurrent weights, from F32 [D, H·G, P or H], with the pitches of gates and outputs. */
    void unpackRecurrent(long packed, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            calls.unpackRows(
                    recurrentRows,
                    F32,
                    packed + F32_BYTES * d * pitches.gates() * pitches.outputs(),
                    pitches.outputs(),
                    flatType,
                    flat[d].wHh(),
                    shape.gates(),
                    shape.hidden(),
                    shape.outputs(),
                    accumulate,
                    stream);
        }
    }

    /**
     * Adds or writes the gradients of the biases, from the sums of dGates and of the recurrent side, F32 [D, H·G] each with
     * the pitch of gates.
     */
    void unpackBiases(long sums, long sumsH, int flatType, Flat[] flat, boolean accumulate, long stream) {
        for (int d = 0; d < flat.length; d++) {
            if (flat[d].bIh() == 0) {
                return;
            }
            long offset = F32_BYTES * d * pitches.gates();
            unpackBias(sums + offset, FusedRnn.FRNN_ROWS_INTERLEAVED, flatType, flat[d].bIh(), accumulate, stream);
            unpackBias(sumsH + offset, recurrentRows, flatType, flat[d].bHh(), accumulate, stream);
        }
    }

    private void unpackBias(long packed, int rows, int flatType, long flat, boolean accumulate, long stream) {
        calls.unpackRows(rows, F32, packed, 1, flatType, flat, shape.gates(), shape.hidden(), 1, accumulate, stream);
    }
}
