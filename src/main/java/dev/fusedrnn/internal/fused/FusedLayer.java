package dev.fusedrnn.internal.fused;

import java.util.Set;

/**
 * One layer: its packed weights, its parts in time, and on the way back the products over all time steps that give the
 * gradients of its weights.
 */
public final class FusedLayer {
    private final LayerShape shape;
    private final LayerPart part;
    private final LayerPart lastPart;
    private final long parts;
    private final WeightGradients gradients;
    private final WorkQueue queue;
    private final WorkQueue side;

    /**
     * Plans a layer.
     *
     * @param partSteps time steps of a part; the last one may have fewer
     * @param kinds persistent kernels that may be taken; none to stream
     * @param limits what the device offers to persistent kernels
     * @param oneLaunch whether streamed forward steps of few samples are one launch each, product included
     * @param queue where the passes are queued
     * @param side where the weight gradients are queued; may be null in inference
     */
    public FusedLayer(
            LayerShape shape,
            long partSteps,
            Set<PersistentKind> kinds,
            DeviceLimits limits,
            boolean oneLaunch,
            WorkQueue queue,
            WorkQueue side) {
        this.shape = shape;
        this.queue = queue;
        this.side = side;
        parts = (shape.steps() + partSteps - 1) / partSteps;
        long rest = shape.steps() - (parts - 1) * partSteps;
        lastPart = new LayerPart(shape.withSteps(rest), kinds, limits, oneLaunch, queue);
        part = parts == 1 || rest == partSteps
                ? lastPart
                : new LayerPart(shape.withSteps(partSteps), kinds, limits, oneLaunch, queue);
        gradients = shape.training() ? weightGradients(side) : null;
    }

    /** The layer's sizes. */
    public LayerShape shape() {
        return shape;
    }

    /** Its rows. */
    public Pitches pitches() {
        return part.pitches();
    }

    /** The layer's packed weights. */
    public LayerWeights weights() {
        return part.weights();
    }

    /** Where its passes are queued. */
    public WorkQueue queue() {
        return queue;
    }

    /** How many parts it has in time. */
    public int parts() {
        return (int) parts;
    }

    /** Part {@code k} in time. */
    public LayerPart part(int k) {
        return k == parts - 1 ? lastPart : part;
    }

    /** How the recurrence runs, with the reason if a persistent kernel did not take it. */
    public String plan() {
        return part.plan();
    }

    /** Scratch bytes of a pass. */
    public long workspaceBytes() {
        return Math.max(part.workspaceBytes(), lastPart.workspaceBytes());
    }

    /** Scratch bytes of the weight gradients. */
    public long gradientScratchBytes() {
        return gradients == null ? 0 : gradients.scratchBytes();
    }

    /**
     * Queues the gradients of all weights on the side; of all but the input weights if x is 0.
     *
     * @param pass of all time steps
     * @param x finite behind the lengths
     */
    public void weightGradients(
            RecurrencePass pass, long x, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long scratch) {
        long main = pass.stream;
        pass.stream = side.stream();
        gradients.run(pass, x, flat, flatType, accumulate, scratch);
        pass.stream = main;
    }

    private WeightGradients weightGradients(WorkQueue side) {
        Gemm.Factory gemms = new Gemm.Factory(side.products(), shape.storage(), shape.tf32());
        return new WeightGradients(shape, part.pitches(), part.weights(), gemms, side.calls());
    }
}
