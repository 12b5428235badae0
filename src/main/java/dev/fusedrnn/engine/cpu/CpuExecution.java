package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.CallShapes;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.internal.blas.Blas;
import dev.fusedrnn.internal.blas.Workers;
import dev.fusedrnn.tensor.Device;

/** The cpu engine's execution. 16-bit types are widened on the way in and rounded on the way out. */
public final class CpuExecution implements RnnExecution {
    private final Extents extents;
    private final CallShapes shapes;
    private final boolean training;
    private final Stack stack;
    private final HalfCalls halves;
    private final Addresses addresses = new Addresses();
    private boolean closed;

    /**
     * Passes of T = {@code steps} and N = {@code batch}.
     *
     * @throws IllegalArgumentException if T or N is less than 1 or their products leave the range of the library's sizes
     */
    public CpuExecution(RnnConfig config, Device device, int steps, int batch, boolean training) {
        this.shapes = new CallShapes(config, device, steps, batch);
        this.extents = Extents.of(config, steps, batch);
        this.training = training;
        this.stack = new Stack(extents, training);
        this.halves = config.dataType().isHalf() ? new HalfCalls(extents, device, training) : null;
    }

    @Override
    public long reserveBytes() {
        return training ? Float.BYTES * extents.reserveFloats() : 0;
    }

    @Override
    public long workspaceBytes() {
        return stack.workspaceBytes() + (halves == null ? 0 : halves.bytes());
    }

    @Override
    public String plan() {
        String arithmetic =
                halves == null ? "f32" : "f32 between " + extents.config().dataType() + " tensors";
        return Blas.libraryName() + ", " + Workers.threads() + " threads, " + arithmetic;
    }

    @Override
    public void forward(ForwardCall call) {
        requireOpen();
        shapes.check(call, reserveBytes());
        if (halves == null) {
            addresses.take(call);
        } else {
            halves.before(call, addresses);
        }
        stack.forward(addresses, Addresses.of(call.random()));
        if (halves != null) {
            halves.after(call, addresses);
        }
    }

    @Override
    public void backward(BackwardCall call) {
        requireOpen();
        if (call.forward().reserve() == null) {
            throw new IllegalStateException("the forward call had no reserve, so there is nothing to go back through");
        }
        shapes.check(call.forward(), reserveBytes());
        shapes.check(call);
        if (halves == null) {
            addresses.take(call.forward());
            addresses.take(call);
        } else {
            halves.before(call, addresses);
        }
        stack.backward(addresses, call.accumulate());
        if (halves != null) {
            halves.after(call);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            stack.close();
            if (halves != null) {
                halves.close();
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this execution is closed");
        }
    }
}
