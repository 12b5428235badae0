package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * Sizes of one layer in one shape, in the letters of the native interface.
 *
 * @param cell FrnnCell of the native interface
 * @param storage type of weights and stored activations
 * @param steps T
 * @param batch N
 * @param inputs C, features the layer reads
 * @param hidden H
 * @param projection P, or 0
 * @param directions D
 * @param cellClip limit of an LSTM's c, or 0
 * @param zoneout probability that a unit of h keeps its value, or 0
 * @param cellZoneout the same of an LSTM's c
 * @param zoneoutStream of the mask of h in direction 0
 * @param tf32 whether F32 products may use TF32
 * @param training whether a backward pass follows
 * @param recompute whether that computes the gates anew rather than finding them saved
 */
public record LayerShape(
        int cell,
        CudaType storage,
        long steps,
        long batch,
        long inputs,
        long hidden,
        long projection,
        int directions,
        float cellClip,
        float zoneout,
        float cellZoneout,
        int zoneoutStream,
        boolean tf32,
        boolean training,
        boolean recompute) {
    /** The cell's number in the native interface; {@code id} as on the command line. */
    public static int cell(String id, boolean resetBefore) {
        return switch (id) {
            case "rnn_tanh" -> FusedRnn.FRNN_RNN_TANH;
            case "rnn_relu" -> FusedRnn.FRNN_RNN_RELU;
            case "lstm" -> FusedRnn.FRNN_LSTM;
            case "gru" -> resetBefore ? FusedRnn.FRNN_GRU_RESET_BEFORE : FusedRnn.FRNN_GRU_RESET_AFTER;
            default -> throw new IllegalArgumentException("no native cell " + id);
        };
    }

    /** Gates per unit. */
    public long gates() {
        return switch (cell) {
            case FusedRnn.FRNN_LSTM -> 4;
            case FusedRnn.FRNN_GRU_RESET_AFTER, FusedRnn.FRNN_GRU_RESET_BEFORE -> 3;
            default -> 1;
        };
    }

    /** Rows of one direction's weight matrices: G·H. */
    public long gateRows() {
        return gates() * hidden;
    }

    /** Features of h: P with a projection, else H. */
    public long outputs() {
        return projection > 0 ? projection : hidden;
    }

    /** T·N. */
    public long rows() {
        return steps * batch;
    }

    /** Whether c exists. */
    public boolean hasCell() {
        return cell == FusedRnn.FRNN_LSTM;
    }

    /** Whether the recurrent side of the gates has gradients of its own. */
    public boolean isGru() {
        return cell == FusedRnn.FRNN_GRU_RESET_AFTER || cell == FusedRnn.FRNN_GRU_RESET_BEFORE;
    }

    /** Whether the reset gate acts before the recurrent product. */
    public boolean resetsBefore() {
        return cell == FusedRnn.FRNN_GRU_RESET_BEFORE;
    }

    /** Whether h or c zones out. */
    public boolean zonesOut() {
        return zoneout > 0 || cellZoneout > 0;
    }

    /** Whether persistent kernels round the factors of their products to TF32; those with zoneout do not. */
    public boolean roundsFactors() {
        return tf32 && storage == CudaType.F32 && !zonesOut();
    }

    /** Whether h is projected. */
    public boolean projects() {
        return projection > 0;
    }

    /** The storage type as the native interface counts. */
    public int type() {
        return type(storage);
    }

    /** A type as the native interface counts. */
    public static int type(CudaType type) {
        return switch (type) {
            case F32 -> FusedRnn.FRNN_F32;
            case BF16 -> FusedRnn.FRNN_BF16;
            case F16 -> FusedRnn.FRNN_F16;
        };
    }

    /** Bytes of {@code count} elements of the storage type. */
    public long bytes(long count) {
        return Math.multiplyExact(count, (long) storage.bytes());
    }

    /** The same layer over another number of time steps. */
    public LayerShape withSteps(long others) {
        return new LayerShape(
                cell,
                storage,
                others,
                batch,
                inputs,
                hidden,
                projection,
                directions,
                cellClip,
                zoneout,
                cellZoneout,
                zoneoutStream,
                tf32,
                training,
                recompute);
    }

    /** Elements of a state of all directions: D·N·(P or H). */
    public long stateElements() {
        return directions * batch * outputs();
    }

    /** Elements of c of all directions: D·N·H. */
    public long cellElements() {
        return directions * batch * hidden;
    }

    /** Values that backward reads per unit and step besides c: 4, or none for plain cells. */
    public long savedGates() {
        return hasCell() || isGru() ? 4 : 0;
    }

    /** Whether the backward pass begins with the gates. */
    public boolean recomputesGates() {
        return training && recompute && savedGates() > 0;
    }

    /** Whether the forward pass keeps the gates. */
    public boolean keepsGates() {
        return training && !recompute && savedGates() > 0;
    }
}
