package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.CallShapes;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.Device;

/** The reference engine's execution. It has no workspace: every call uses arrays of its own, unlike the fast engines. */
public final class ReferenceExecution implements RnnExecution {
    /** The longest array every virtual machine can make. */
    public static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    private final Extents extents;
    private final CallShapes shapes;
    private final boolean training;
    private final Rounding rounding;
    private boolean closed;

    /**
     * Passes of T = {@code steps} and N = {@code batch}.
     *
     * @param rounded whether stored values and sums are rounded as a kernel of the configuration's data type would
     */
    public ReferenceExecution(
            RnnConfig config, Device device, int steps, int batch, boolean training, boolean rounded) {
        this.shapes = new CallShapes(config, device, steps, batch);
        this.extents = new Extents(config, steps, batch);
        this.training = training;
        this.rounding = rounded ? new Rounding(config.dataType()) : Rounding.NONE;
    }

    @Override
    public long reserveBytes() {
        return training ? new Reserve(extents).bytes() : 0;
    }

    @Override
    public long workspaceBytes() {
        return 0;
    }

    @Override
    public String plan() {
        return rounding.equals(Rounding.NONE) ? "plain loops in double" : "plain loops rounded to " + rounding.type();
    }

    @Override
    public void forward(ForwardCall call) {
        requireOpen();
        shapes.check(call, reserveBytes());
        new ForwardPass(extents, rounding, call).run();
    }

    @Override
    public void backward(BackwardCall call) {
        requireOpen();
        if (call.forward().reserve() == null) {
            throw new IllegalStateException("the forward call had no reserve, so there is nothing to go back through");
        }
        shapes.check(call.forward(), reserveBytes());
        shapes.check(call);
        new BackwardPass(extents, rounding, call).run();
    }

    @Override
    public void close() {
        closed = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the execution is closed");
        }
    }
}
