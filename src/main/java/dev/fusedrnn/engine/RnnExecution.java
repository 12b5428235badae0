package dev.fusedrnn.engine;

/**
 * An engine prepared for one configuration, device, number of steps and batch size. Owns its workspace; nothing is
 * allocated by {@link #forward} and {@link #backward}. Calls are queued on the device in order. Confined to one thread
 * at a time, like its device.
 */
public interface RnnExecution extends AutoCloseable {
    /** Size of the tensor a training forward pass keeps for its backward pass; 0 for an inference execution. */
    long reserveBytes();

    /** Elements of the I32 tensor that such a pass is given as its reserve: {@link #reserveBytes}, rounded up. */
    default long reserveElements() {
        return (reserveBytes() + Integer.BYTES - 1) / Integer.BYTES;
    }

    /** Bytes of scratch memory held by this execution. */
    long workspaceBytes();

    /** How the work is done, for reports: the algorithm or kernel plan chosen. */
    String plan();

    /**
     * Whether calls may have these tokens in place of x, because the execution has a use for that. If so, it takes the memory for
     * it; an execution takes tokens of one vocabulary, the first it says yes to.
     */
    default boolean takes(TokenInput tokens) {
        return false;
    }

    /** Queues a forward pass; a training pass if the call has a reserve. Shapes have been checked by the caller. */
    void forward(ForwardCall call);

    /**
     * The same. If {@code sameParameters}, the values of the parameters are those of this execution's last forward call, and
     * what the engine has made of them, such as a copy in the layout of its kernels, is used again.
     */
    default void forward(ForwardCall call, boolean sameParameters) {
        forward(call);
    }

    /** Queues the backward pass of an earlier forward call. */
    void backward(BackwardCall call);

    /** Frees the workspace. Closing twice is harmless. */
    @Override
    void close();
}
