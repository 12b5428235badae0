package dev.fusedrnn.internal.fused;

/**
 * The plan for every shape and device: the time steps one after another, each one kernel or a few. Meant to be recorded in a CUDA
 * graph. The running states live in the workspace, so that a sample whose length has passed keeps its state.
 */
final class StreamedRecurrence implements Recurrence {
    private final StreamedForward forward;
    private final StreamedBackward backward;
    private final boolean oneLaunch;

    /**
     * Plans the steps.
     *
     * @param oneLaunch whether a step is one launch, product included, if there are few samples
     */
    StreamedRecurrence(LayerShape shape, Pitches pitches, boolean oneLaunch, Gemm.Factory gemms, NativeCalls calls) {
        this.oneLaunch = oneLaunch && OneLaunch.pays(shape);
        forward = new StreamedForward(shape, pitches, this.oneLaunch, gemms, calls);
        boolean oneLaunchBackward = oneLaunch && OneLaunch.paysBackward(shape);
        backward = shape.training() ? new StreamedBackward(shape, pitches, oneLaunchBackward, gemms, calls) : null;
    }

    @Override
    public String plan() {
        return oneLaunch ? "streamed, steps of one launch" : "streamed";
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
