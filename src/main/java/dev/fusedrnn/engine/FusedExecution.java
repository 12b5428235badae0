package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Recordings;
import dev.fusedrnn.tensor.Device;

/** The fused engine prepared for one shape: a stack, the order of its layers, and the recordings of its passes. */
final class FusedExecution implements RnnExecution {
    private final CudaContext context;
    private final FusedStack stack;
    private final StackOrder order;
    private final Recordings recordings;
    private final PackedWeights packed = new PackedWeights();
    private ForwardCall packedFor;

    /** Takes over the stack and the order. */
    FusedExecution(Device device, FusedStack stack, StackOrder order) {
        this.context = CudaContext.of(device);
        this.stack = stack;
        this.order = order;
        this.recordings = new Recordings(context);
    }

    @Override
    public long reserveBytes() {
        return stack.memory().reserveBytes;
    }

    @Override
    public long workspaceBytes() {
        return stack.bytes();
    }

    @Override
    public String plan() {
        return "fused " + stack.layer(0).plan() + order.plan();
    }

    @Override
    public boolean takes(TokenInput tokens) {
        return stack.tokens().takes(tokens);
    }

    @Override
    public void forward(ForwardCall call) {
        forward(call, false);
    }

    @Override
    public void forward(ForwardCall call, boolean sameParameters) {
        context.enter();
        boolean kept = stack.enter(this);
        stack.upload(call.lengths());
        boolean repack = !kept || !sameParameters || !packed.holds(call.parameters(), context);
        packedFor = null;
        recordings.run(CallKeys.of(call, repack), () -> {
            if (repack) {
                stack.pack(call.parameters());
            }
            order.forward(call);
        });
        packedFor = call;
        packed.set(call.parameters(), context);
    }

    @Override
    public void backward(BackwardCall call) {
        ForwardCall forward = call.forward();
        context.enter();
        boolean kept = stack.enter(this);
        stack.upload(forward.lengths());
        boolean repack = !kept || packedFor != forward;
        packedFor = null;
        recordings.run(CallKeys.of(call, repack), () -> {
            if (repack) {
                stack.pack(forward.parameters());
            }
            order.backward(call);
        });
        packedFor = forward;
        packed.set(forward.parameters(), context);
    }

    @Override
    public void close() {
        recordings.close();
        order.close();
        stack.close();
    }
}
