package dev.fusedrnn.nn;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Tensor;

/**
 * One training forward pass: its outputs, and one backward pass through it. Owns its tensors; closing it frees them.
 */
public final class RnnPass implements AutoCloseable {
    private final Rnn rnn;
    private final RnnCall call;
    private final RnnBuffers buffers;
    private final ForwardCall forward;
    private final ExecutionCache.Prepared prepared;
    private final long version;
    private final Tensor y;
    private boolean used;
    private boolean closed;

    RnnPass(Rnn rnn, RnnCall call, RnnBuffers buffers, ForwardCall forward, ExecutionCache.Prepared prepared) {
        this.rnn = rnn;
        this.call = call;
        this.buffers = buffers;
        this.forward = forward;
        this.prepared = prepared;
        this.version = rnn.parameters().version();
        this.y = call.batchFirst() ? buffers.own(AxisSwap.of(buffers.y())) : buffers.y();
        prepared.pin();
    }

    /** [T, N, D·(P or H)], or [N, T, …] if the stack is batch-first. Must not be changed before the backward pass. */
    public Tensor y() {
        requireOpen();
        return y;
    }

    /** Final h, [L·D, N, P or H]. */
    public Tensor hy() {
        requireOpen();
        return buffers.hy();
    }

    /** Final c, [L·D, N, H]; null if the cell has no cell state. */
    public Tensor cy() {
        requireOpen();
        return buffers.cy();
    }

    /**
     * The backward pass; overwrites the gradients of the stack's parameters.
     *
     * @param dy as y, or null for zeros
     * @param dhy as hy, or null for zeros
     * @param dcy as cy, or null for zeros
     * @return gradients of the inputs; the caller closes them
     * @throws IllegalStateException the second time, if the parameters have changed since the forward pass, after
     *     close, or while another thread works on the device
     */
    public RnnGradients backward(Tensor dy, Tensor dhy, Tensor dcy) {
        return backward(dy, dhy, dcy, false);
    }

    /** The same; adds to the gradients of the stack's parameters if {@code accumulate}. */
    public RnnGradients backward(Tensor dy, Tensor dhy, Tensor dcy, boolean accumulate) {
        requireOpen();
        rnn.requireOpen();
        if (used) {
            throw new IllegalStateException("backward was called a second time on one forward pass");
        }
        long now = rnn.parameters().version();
        if (now != version) {
            throw new IllegalStateException("the parameters have changed since the forward pass (version " + version
                    + " then, " + now + " now)");
        }
        call.checkOutputGradient(dy);
        call.checkFinalGradients(dhy, dcy);
        rnn.device().enter();
        try {
            used = true;
            return run(dy, dhy, dcy, accumulate);
        } finally {
            rnn.device().leave();
        }
    }

    private RnnGradients run(Tensor dy, Tensor dhy, Tensor dcy, boolean accumulate) {
        RnnConfig config = call.config();
        long rows = (long) config.layers() * config.directions();
        Tensor timeFirst = dy != null && call.batchFirst() ? buffers.own(AxisSwap.of(dy)) : dy;
        Tensor dx = buffers.allocate(config.dataType(), call.steps(), call.batch(), config.inputSize());
        Tensor dhx = buffers.allocate(config.dataType(), rows, call.batch(), config.outputSize());
        Tensor dcx = config.cell().hasCellState()
                ? buffers.allocate(config.dataType(), rows, call.batch(), config.hiddenSize())
                : null;
        prepared.execution()
                .backward(
                        new BackwardCall(forward, timeFirst, dhy, dcy, dx, dhx, dcx, rnn.flatGradients(), accumulate));
        Tensor dxOut = call.batchFirst() ? AxisSwap.of(dx) : dx;
        buffers.release(dxOut, dhx, dcx);
        return new RnnGradients(dxOut, dhx, dcx);
    }

    /** Frees outputs and what was kept. Closing twice is harmless. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            prepared.unpin();
            buffers.close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this pass is closed");
        }
    }
}
