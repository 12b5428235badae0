package dev.fusedrnn.internal.fused;

import java.util.Set;

/** A layer over some consecutive time steps, all or a part of them: its products with the input weights and its recurrence. */
public final class LayerPart {
    private final LayerShape shape;
    private final Pitches pitches;
    private final NativeCalls calls;
    private final LayerWeights weights;
    private final Recurrence recurrence;
    private final GateRecomputation recomputation;
    private final Gemm inputProduct;
    private final Gemm throughInput;
    private final AlignedGates gates;
    private final String whyStreamed;

    // Parts of the workspace: that of the recurrence, and behind it x or its gradient, and that of the gates, with
    // aligned rows.
    private final long paddedX;
    private final long paddedGates;
    private final long workspaceBytes;

    /**
     * Plans these steps.
     *
     * @param shape of the layer, with as many steps as the part has
     * @param kinds persistent kernels that may be taken; none to stream
     * @param limits what the device offers to persistent kernels
     * @param oneLaunch whether streamed forward steps of few samples are one launch each, product included
     * @param queue where the passes are queued
     */
    LayerPart(LayerShape shape, Set<PersistentKind> kinds, DeviceLimits limits, boolean oneLaunch, WorkQueue queue) {
        Gemm.Factory gemms = new Gemm.Factory(queue.products(), shape.storage(), shape.tf32());
        this.shape = shape;
        this.calls = queue.calls();
        StringBuilder why = new StringBuilder();
        PersistentRecurrence persistent =
                kinds.isEmpty() ? null : PersistentRecurrence.plan(shape, kinds, limits.limits(), calls, why);
        this.pitches = persistent != null ? persistent.pitches() : Pitches.streamed(shape);
        this.recurrence =
                persistent != null ? persistent : new StreamedRecurrence(shape, pitches, oneLaunch, gemms, calls);
        this.whyStreamed = why.toString();
        this.weights = new LayerWeights(shape, pitches);
        this.recomputation =
                shape.recomputesGates() ? new GateRecomputation(shape, pitches, weights, gemms, calls) : null;
        long allRows = shape.directions() * pitches.gates();
        long inputs = pitches.inputs();
        this.gates = AlignedGates.of(shape, allRows, shape.inputs(), 1, gemms);
        this.throughInput = shape.training()
                ? gemms.plain(shape.storage(), shape.rows(), inputs, gates.pitch(), gates.pitch(), 0)
                : null;
        this.inputProduct = gemms.byTransposed(shape.storage(), shape.rows(), allRows, inputs, inputs, allRows, true);
        Offsets offsets = new Offsets();
        offsets.next(recurrence.workspaceBytes());
        paddedX = offsets.next(padsInput() ? shape.bytes(shape.rows() * inputs) : 0);
        paddedGates = offsets.next(shape.training() ? gates.bytes(shape.rows()) : 0);
        // The gates are there before the recurrence begins.
        workspaceBytes = Math.max(offsets.total(), recomputation == null ? 0 : recomputation.scratchBytes());
    }

    /** The layer's sizes, with as many steps as the part has. */
    public LayerShape shape() {
        return shape;
    }

    Pitches pitches() {
        return pitches;
    }

    LayerWeights weights() {
        return weights;
    }

    long workspaceBytes() {
        return workspaceBytes;
    }

    /** How the recurrence runs, with the reason if a persistent kernel did not take it. */
    String plan() {
        String plan = recurrence.plan() + (recomputation == null ? "" : ", gates recomputed");
        return whyStreamed.isEmpty() ? plan : plan + " (" + whyStreamed + ")";
    }

    /** Queues the input product: x S [T,N,C] to the pass's gate inputs; {@code block} holds the packed weights. */
    public void gateInputs(RecurrencePass pass, long x, long block) {
        long read = x;
        if (padsInput()) {
            read = pass.workspace + paddedX;
            int type = shape.type();
            calls.padRows(type, x, type, read, shape.rows(), shape.inputs(), pitches.inputs(), pass.stream);
        }
        inputProduct.run(read, weights.wIh(block), pass.gateInputs, weights.bias(block));
    }

    /** Queues the recurrence from the gate inputs to y. */
    public void forward(RecurrencePass pass, long block) {
        bindWeights(pass, weights.wHh(block), block);
        recurrence.forward(pass);
    }

    /** Queues the gates that the backward pass reads, from the gate inputs, where the forward pass keeps none. */
    public void gates(RecurrencePass pass, long block) {
        recomputation.run(pass, block);
    }

    /** Queues the recurrence's backward pass, which leaves the gradients of the gates. */
    public void backward(RecurrencePass pass, long block) {
        bindWeights(pass, weights.wHhBackward(block), block);
        recurrence.backward(pass);
    }

    /** Queues the gradient of x, S [T,N,C]. */
    public void inputGradient(RecurrencePass pass, long block, long dx) {
        long written = padsInput() ? pass.workspace + paddedX : dx;
        long read = pass.dGates;
        if (gates.copies()) {
            read = pass.workspace + paddedGates;
            long to = read;
            PackedMatrix rows = gates.matrix(shape.rows());
            calls.pack(shape.type(), shape.type(), pass.stream, packing -> packing.add(rows, pass.dGates, to));
        }
        throughInput.run(read, weights.wIh(block), written, 0);
        if (padsInput()) {
            int type = shape.type();
            calls.denseRows(type, written, pitches.inputs(), type, dx, shape.rows(), shape.inputs(), pass.stream);
        }
    }

    private boolean padsInput() {
        return pitches.inputs() != shape.inputs();
    }

    private void bindWeights(RecurrencePass pass, long recurrent, long block) {
        pass.weights = recurrent;
        pass.projectionWeights = weights.wHr(block);
        pass.recurrentBiasN = weights.recurrentBiasN(block);
    }
}
