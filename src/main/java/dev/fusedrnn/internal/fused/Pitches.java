package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.MatrixProduct;

/**
 * Elements from row to row of what a layer's products read and write. Fast products want every row to begin at a multiple of
 * 16 bytes; so rows of other sizes are longer inside the engine and end in zeros. The caller's tensors stay dense, and so do
 * those that persistent kernels read; but recurrent weights have room there for all units that a kernel computes.
 *
 * @param inputs rows of x and of the packed input weights: C values
 * @param gates rows of gate inputs and their gradients, and the number of rows of the packed input weights per direction: G·H
 * @param states rows of h: P or H values
 * @param units rows of h before projection and of the packed projection weights: H values
 * @param outputs rows of y where weight gradients read it: P or H values
 * @param forward the packed recurrent weights that the forward pass reads
 * @param backward those that the backward pass reads; the same weights if they have the same size
 */
public record Pitches(
        long inputs, long gates, long states, long units, long outputs, Recurrent forward, Recurrent backward) {
    /**
     * Size of the packed recurrent weights.
     *
     * @param rows of a direction, G·H and zeros behind them
     * @param columns elements from row to row: P or H and zeros behind them
     */
    public record Recurrent(long rows, long columns) {
        long elements() {
            return Math.multiplyExact(rows, columns);
        }
    }

    /** Rows of the streamed plan: all aligned. */
    public static Pitches streamed(LayerShape shape) {
        Recurrent recurrent = new Recurrent(aligned(shape, shape.gateRows()), aligned(shape, shape.outputs()));
        return new Pitches(
                aligned(shape, shape.inputs()),
                aligned(shape, shape.gateRows()),
                aligned(shape, shape.outputs()),
                aligned(shape, shape.hidden()),
                aligned(shape, shape.outputs()),
                recurrent,
                recurrent);
    }

    /**
     * Rows beside persistent kernels: aligned where these do not read them.
     *
     * @param forwardUnits units that the forward kernel computes
     * @param backwardUnits units that the backward kernel computes
     */
    public static Pitches persistent(LayerShape shape, long forwardUnits, long backwardUnits) {
        return new Pitches(
                aligned(shape, shape.inputs()),
                shape.gateRows(),
                shape.outputs(),
                shape.hidden(),
                aligned(shape, shape.outputs()),
                new Recurrent(shape.gates() * forwardUnits, forwardUnits),
                new Recurrent(shape.gates() * backwardUnits, backwardUnits));
    }

    private static long aligned(LayerShape shape, long count) {
        return MatrixProduct.pitch(count, shape.storage());
    }
}
