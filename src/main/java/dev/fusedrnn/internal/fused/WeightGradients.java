package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * Weight gradients of one layer as products over all time steps, after the recurrence has left the gradients of its
 * gates. The recurrent weights' gradient pairs every step's gates with the h before it: y shifted by one step, and hx at
 * each sample's first step, whose gates are kept apart in dGatesFirst because a sample's first step depends on its length.
 */
final class WeightGradients {
    private static final int F32 = FusedRnn.FRNN_F32;

    private final LayerShape shape;
    private final LayerWeights weights;
    private final NativeCalls calls;
    private final Gemm input;
    private final Gemm recurrent;
    private final Gemm recurrentFirst;
    private final Gemm recurrentN;
    private final Gemm projection;

    // Parts of the scratch memory, as byte offsets.
    private final long packed;
    private final long sums;
    private final long sumsH;
    private final long sumWorkspace;
    private final long scratchBytes;

    WeightGradients(LayerShape shape, LayerWeights weights, Gemm.Factory gemms, NativeCalls calls) {
        this.shape = shape;
        this.weights = weights;
        this.calls = calls;
        long allRows = shape.directions() * shape.gateRows();
        long allOutputs = shape.directions() * shape.outputs();
        long stateRows = shape.resetsBefore() ? 2 * shape.hidden() : shape.gateRows();
        long hidden = shape.hidden();
        long outputs = shape.outputs();
        long batch = shape.batch();
        long rows = shape.rows();
        input = gemms.overRows(allRows, shape.inputs(), rows, allRows, shape.inputs(), 0);
        recurrent = shape.steps() > 1 ? gemms.overRows(stateRows, outputs, rows - batch, allRows, allOutputs, 0) : null;
        recurrentFirst =
                gemms.overRows(stateRows, outputs, batch, shape.gateRows(), outputs, shape.steps() > 1 ? 1 : 0);
        recurrentN = shape.resetsBefore()
                ? gemms.overRows(hidden, hidden, rows, allRows, shape.directions() * hidden, 0)
                : null;
        projection = shape.projects()
                ? gemms.overRows(outputs, hidden, rows, allOutputs, shape.directions() * hidden, 0)
                : null;
        Offsets offsets = new Offsets();
        long widest =
                Math.max(allRows * Math.max(shape.inputs(), shape.outputs()), shape.projection() * shape.hidden());
        packed = offsets.next(4 * widest);
        sums = offsets.next(4 * allRows);
        sumsH = offsets.next(4 * allRows);
        sumWorkspace = offsets.next(NativeCalls.columnSumWorkspace(shape.rows(), allRows));
        scratchBytes = offsets.total();
    }

    /** Scratch bytes {@link #run} needs. */
    long scratchBytes() {
        return scratchBytes;
    }

    /** Adds or writes all weight gradients of the layer. */
    void run(RecurrencePass pass, long x, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long scratch) {
        long dW = scratch + packed;
        input.run(pass.dGates, x, dW, 0);
        weights.unpackInput(dW, flatType, flat, accumulate, pass.stream);
        recurrentGradients(pass, dW);
        weights.unpackRecurrent(dW, flatType, flat, accumulate, pass.stream);
        if (shape.projects()) {
            projectionGradients(pass, flat, flatType, accumulate, dW);
        }
        if (flat[0].bIh() != 0) {
            biasGradients(pass, flat, flatType, accumulate, scratch);
        }
    }

    private void recurrentGradients(RecurrencePass pass, long dW) {
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        long rows = shape.gateRows();
        long step = shape.batch() * shape.directions();
        for (int d = 0; d < shape.directions(); d++) {
            long target = dW + 4 * d * rows * shape.outputs();
            long later = shape.bytes(step * rows);
            long laterY = shape.bytes(step * shape.outputs());
            long gatesAt = gates + shape.bytes(d * rows) + (d == 0 ? later : 0);
            long before = pass.y + shape.bytes(d * shape.outputs()) + (d == 0 ? 0 : laterY);
            if (recurrent != null) {
                recurrent.run(gatesAt, before, target, 0);
            }
            long first = pass.dGatesFirst + shape.bytes(d * shape.batch() * rows);
            if (pass.hx != 0) {
                recurrentFirst.run(first, pass.hx + shape.bytes(d * shape.batch() * shape.outputs()), target, 0);
            } else if (recurrent == null) {
                calls.clear(F32, target, rows * shape.outputs());
            }
            if (shape.resetsBefore()) {
                long dn = gates + shape.bytes(d * rows + 2 * shape.hidden());
                long reset = pass.savedReset + shape.bytes(d * shape.hidden());
                recurrentN.run(dn, reset, target + 4 * 2 * shape.hidden() * shape.hidden(), 0);
            }
        }
    }

    private void projectionGradients(
            RecurrencePass pass, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long dW) {
        for (int d = 0; d < shape.directions(); d++) {
            long dProjected = pass.dProjected + shape.bytes(d * shape.projection());
            long raw = pass.hRaw + shape.bytes(d * shape.hidden());
            projection.run(dProjected, raw, dW, 0);
            // One gate of P rows: unpacking is a plain copy or sum.
            calls.unpackRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    dW,
                    flatType,
                    flat[d].wHr(),
                    1,
                    shape.projection(),
                    shape.hidden(),
                    accumulate,
                    pass.stream);
        }
    }

    private void biasGradients(
            RecurrencePass pass, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long scratch) {
        long allRows = shape.directions() * shape.gateRows();
        calls.columnSum(
                shape.type(), pass.dGates, shape.rows(), allRows, scratch + sums, scratch + sumWorkspace, pass.stream);
        long recurrentSums = scratch + sums;
        if (shape.isGru()) {
            recurrentSums = scratch + sumsH;
            calls.columnSum(
                    shape.type(),
                    pass.dGatesH,
                    shape.rows(),
                    allRows,
                    recurrentSums,
                    scratch + sumWorkspace,
                    pass.stream);
        }
        weights.unpackBiases(scratch + sums, recurrentSums, flatType, flat, accumulate, pass.stream);
    }
}
