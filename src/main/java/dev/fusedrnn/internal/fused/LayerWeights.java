package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * One layer's weights in the kernels' layout, and the way of its gradients back to the flat layout.
 *
 * <p>Addresses of the flat parameters are given per direction; a bias address is 0 if the layer has none.
 */
public final class LayerWeights {
    /** Device addresses of one direction's parameters, or of their gradients. */
    public record Flat(long wIh, long wHh, long wHr, long bIh, long bHh) {}

    private static final long F32_BYTES = 4;

    private final LayerShape shape;
    private final Pitches pitches;

    // The matrices of one direction, as the kernels read them and as the products leave their gradients.
    private final PackedMatrix inputMatrix;
    private final PackedMatrix lastInputMatrix;
    private final PackedMatrix forwardMatrix;
    private final PackedMatrix backwardMatrix;
    private final PackedMatrix recurrentGradient;
    private final PackedMatrix biasMatrix;
    private final PackedMatrix recurrentBias;
    private final PackedMatrix projectionMatrix;

    // Byte offsets within the layer's block.
    private final long wIh;
    private final long wHh;
    private final long wHhBackward;
    private final long bias;
    private final long bHn;
    private final long wHr;
    private final long bytes;

    /** Weights of a layer. */
    public LayerWeights(LayerShape shape, Pitches pitches) {
        this.shape = shape;
        this.pitches = pitches;
        int recurrentOrder = shape.resetsBefore() ? FusedRnn.FRNN_ROWS_RESET_BEFORE : FusedRnn.FRNN_ROWS_INTERLEAVED;
        int order = FusedRnn.FRNN_ROWS_INTERLEAVED;
        long rows = pitches.gates();
        inputMatrix = matrix(order, shape.inputs(), rows, pitches.inputs());
        long allRows = shape.directions() * rows;
        long zeroRows = MatrixProduct.pitch(allRows, shape.storage()) - allRows;
        lastInputMatrix = matrix(order, shape.inputs(), rows + zeroRows, pitches.inputs());
        forwardMatrix = recurrent(recurrentOrder, pitches.forward());
        backwardMatrix = recurrent(recurrentOrder, pitches.backward());
        recurrentGradient = matrix(recurrentOrder, shape.outputs(), rows, pitches.outputs());
        biasMatrix = matrix(order, 1, rows, 1);
        recurrentBias = matrix(recurrentOrder, 1, rows, 1);
        projectionMatrix = shape.projects()
                ? PackedMatrix.ofRows(shape.projection(), shape.hidden(), pitches.states(), pitches.units())
                : null;
        Offsets offsets = new Offsets();
        wIh = offsets.next(shape.bytes((allRows + zeroRows) * pitches.inputs()));
        wHh = offsets.next(shape.bytes(shape.directions() * pitches.forward().elements()));
        wHhBackward = pitches.backward().equals(pitches.forward())
                ? wHh
                : offsets.next(
                        shape.bytes(shape.directions() * pitches.backward().elements()));
        bias = offsets.next(shape.bytes(allRows));
        bHn = offsets.next(shape.isGru() ? F32_BYTES * shape.directions() * shape.hidden() : 0);
        wHr = offsets.next(shape.projects() ? shape.bytes(shape.directions() * projectionMatrix.elements()) : 0);
        bytes = offsets.total();
    }

    /** Bytes of the block the packed weights take. */
    public long bytes() {
        return bytes;
    }

    private PackedMatrix matrix(int order, long columns, long rows, long pitch) {
        return new PackedMatrix(order, shape.gates(), shape.hidden(), columns, rows, pitch);
    }

    private PackedMatrix recurrent(int order, Pitches.Recurrent size) {
        return matrix(order, shape.outputs(), size.rows(), size.columns());
    }

    /** Packs the weights of all directions into the block, from S to S. */
    public void pack(Flat[] flat, long block, Packing to) {
        for (int d = 0; d < flat.length; d++) {
            PackedMatrix target = d == flat.length - 1 ? lastInputMatrix : inputMatrix;
            to.add(target, flat[d].wIh(), part(block + wIh, inputMatrix, d));
            to.add(forwardMatrix, flat[d].wHh(), part(block + wHh, forwardMatrix, d));
            if (wHhBackward != wHh) {
                to.add(backwardMatrix, flat[d].wHh(), part(block + wHhBackward, backwardMatrix, d));
            }
            long apart = recurrentBiasN(block);
            to.addSum(
                    biasMatrix,
                    flat[d].bIh(),
                    flat[d].bHh(),
                    apart == 0 ? 0 : apart + F32_BYTES * d * shape.hidden(),
                    part(block + bias, biasMatrix, d));
            if (shape.projects()) {
                to.add(projectionMatrix, flat[d].wHr(), part(block + wHr, projectionMatrix, d));
            }
        }
    }

    private long part(long packed, PackedMatrix matrix, int direction) {
        return packed + shape.bytes(direction * matrix.elements());
    }

    /** Address of the packed S [D·H·G, C], with the pitches of gates and inputs; zeros to the next aligned number of rows. */
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

    /** The gradient of the input weights, from F32 [D·H·G, C], with so many rows per direction and the pitch of inputs. */
    void unpackInput(long packed, long rows, Flat[] flat, Unpacking to) {
        for (int d = 0; d < flat.length; d++) {
            to.add(inputMatrix, packed + F32_BYTES * d * rows * inputMatrix.pitch(), flat[d].wIh());
        }
    }

    /** The gradient of the recurrent weights, from F32 [D, H·G, P or H], with so many rows each and the pitch of outputs. */
    void unpackRecurrent(long packed, long rows, Flat[] flat, Unpacking to) {
        for (int d = 0; d < flat.length; d++) {
            to.add(recurrentGradient, packed + F32_BYTES * d * rows * recurrentGradient.pitch(), flat[d].wHh());
        }
    }

    /** The gradient of the projection weights, from F32 [D,P,H], with the pitches of states and units. */
    void unpackProjection(long packed, Flat[] flat, Unpacking to) {
        for (int d = 0; d < flat.length; d++) {
            to.add(projectionMatrix, gradient(packed, projectionMatrix, d), flat[d].wHr());
        }
    }

    /**
     * The gradients of the biases, from the sums of dGates and of the recurrent side, F32 [D, H·G] each with the pitch of
     * gates; the same sums where both sides have one gradient.
     */
    void unpackBiases(long sums, long sumsH, Flat[] flat, Unpacking to) {
        for (int d = 0; d < flat.length; d++) {
            long packed = gradient(sums, biasMatrix, d);
            if (sumsH == sums) {
                to.add(biasMatrix, packed, flat[d].bIh(), flat[d].bHh());
            } else {
                to.add(biasMatrix, packed, flat[d].bIh());
                to.add(recurrentBias, gradient(sumsH, recurrentBias, d), flat[d].bHh());
            }
        }
    }

    private static long gradient(long packed, PackedMatrix matrix, int direction) {
        return packed + F32_BYTES * direction * matrix.elements();
    }
}
