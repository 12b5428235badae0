package dev.fusedrnn.internal.fused;

/**
 * Elements from row to row of what a layer's products read and write. Fast products want every row to begin at a multiple of
 * 16 bytes; so rows of other sizes are longer inside the engine and end in zeros. The caller's tensors stay dense, and so do
 * those that persistent kernels read.
 *
 * @param inputs rows of x and of the packed input weights: C values
 * @param gates rows of gate inputs and their gradients, and the number of rows of the packed weights per direction: G·H
 * @param states rows of h and of the packed recurrent weights: P or H values
 * @param units rows of h before projection and of the packed projection weights: H values
 * @param outputs rows of y where weight gradients read it: P or H values
 */
public record Pitches(long inputs, long gates, long states, long units, long outputs) {
    private static final long BYTES = 16;

    /** Rows of the streamed plan: all aligned. */
    public static Pitches streamed(LayerShape shape) {
        return new Pitches(
                aligned(shape, shape.inputs()),
                aligned(shape, shape.gateRows()),
                aligned(shape, shape.outputs()),
                aligned(shape, shape.hidden()),
                aligned(shape, shape.outputs()));
    }

    /** Rows beside persistent kernels: aligned where these do not read them. */
    public static Pitches persistent(LayerShape shape) {
        return new Pitches(
                aligned(shape, shape.inputs()),
                shape.gateRows(),
                shape.outputs(),
                shape.hidden(),
                aligned(shape, shape.outputs()));
    }

    private static long aligned(LayerShape shape, long count) {
        long step = BYTES / shape.storage().bytes();
        return Math.multiplyExact(Math.addExact(count, step - 1) / step, step);
    }
}
