package dev.fusedrnn.internal.fused;

/**
 * The plan for every shape and device: the time steps one after another, each a few kernels. Meant to be recorded in a CUDA
 * graph. The running states live in the workspace, so that a sample whose length has passed keeps its state.
 */
final class StreamedRecurrence implements Recurrence {
    private final StreamedForward forward;
    private final StreamedBackward backward;

    StreamedRecurrence(LayerShape shape, Pitches pitches, Gemm.Factory gemms, NativeCalls calls) {
        forward = new StreamedForward(shape, pitches, gemms, calls);
        backward = shape.training() ? new StreamedBackward(shape, pitches, gemms, calls) : null;
    }

    @Override
    public String plan() {
        return "streamed";
    }

    @Override
    public long workspaceBytes() {
        return Math.max(forward.workspaceBytes(), backward == null ? 0 : backward.workspaceBytes());
    }

    @Override
    public void forward(RecurrencePass pass) {
        forward.run(pass);
    }

    @Override
    public void backward(RecurrencePass pass) {
        backward.run(pass);
    }
}
