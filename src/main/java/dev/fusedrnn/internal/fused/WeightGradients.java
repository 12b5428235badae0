package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * Weight gradients of one layer as products over all time steps, after the recurrence has left the gradients of its
 * gates. The recurrent weights' gradient pairs every step's gates with the h before it: y shifted by one step, and hx at
 * each sample's first step, whose gates are kept apart in dGatesFirst because a sample's first step depends on its length.
 */
final class WeightGradients {
    private static final int F32 = FusedRnn.FRNN_F32;
    private static final int F32_BYTES = 4;

    private final LayerShape shape;
    private final Pitches pitches;
    private final LayerWeights weights;
    private final NativeCalls calls;
    private final Gemm input;
    private final Gemm recurrent;
    private final Gemm recurrentFirst;
    private final Gemm recurrentN;
    private final Gemm projection;

    // Parts of the scratch memory, as byte offsets.
    private final long packed;
    private final long paddedX;
    private final long paddedY;
    private final long paddedHx;
    private final long sums;
    private final long sumsH;
    private final long sumWorkspace;
    private final long scratchBytes;

    WeightGradients(LayerShape shape, Pitches pitches, LayerWeights weights, Gemm.Factory gemms, NativeCalls calls) {
        this.shape = shape;
        this.pitches = pitches;
        this.weights = weights;
        this.calls = calls;
        long allRows = shape.directions() * pitches.gates();
        long stateRows = shape.resetsBefore() ? 2 * shape.hidden() : pitches.gates();
        long inputs = pitches.inputs();
        long outputs = pitches.outputs();
        long allOutputs = shape.directions() * outputs;
        long hidden = shape.hidden();
        long batch = shape.batch();
        long rows = shape.rows();
        input = gemms.overRows(allRows, inputs, rows, allRows, inputs, inputs, 0);
        recurrent = shape.steps() > 1
                ? gemms.overRows(stateRows, outputs, rows - batch, allRows, allOutputs, outputs, 0)
                : null;
        recurrentFirst =
                gemms.overRows(stateRows, outputs, batch, pitches.gates(), outputs, outputs, shape.steps() > 1 ? 1 : 0);
        recurrentN = shape.resetsBefore()
                ? gemms.overRows(hidden, hidden, rows, allRows, shape.directions() * hidden, outputs, 0)
                : null;
        projection = shape.projects()
                ? gemms.overRows(
                        pitches.states(),
                        pitches.units(),
                        rows,
                        shape.directions() * pitches.states(),
                        shape.directions() * pitches.units(),
                        pitches.units(),
                        0)
                : null;
        Offsets offsets = new Offsets();
        long widest = Math.max(
                allRows * Math.max(inputs, outputs), shape.projects() ? pitches.states() * pitches.units() : 0);
        packed = offsets.next(F32_BYTES * widest);
        boolean copiesX = inputs != shape.inputs();
        boolean copiesY = outputs != shape.outputs();
        paddedX = offsets.next(copiesX ? shape.bytes(rows * inputs) : 0);
        paddedY = offsets.next(copiesY ? shape.bytes(rows * allOutputs) : 0);
        paddedHx = offsets.next(copiesY ? shape.bytes(batch * allOutputs) : 0);
        sums = offsets.next(F32_BYTES * allRows);
        sumsH = offsets.next(F32_BYTES * allRows);
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
        long rows = shape.rows();
        input.run(pass.dGates, padded(x, rows, shape.inputs(), pitches.inputs(), scratch + paddedX, pass), dW, 0);
        weights.unpackInput(dW, flatType, flat, accumulate, pass.stream);
        recurrentGradients(pass, dW, scratch);
        weights.unpackRecurrent(dW, flatType, flat, accumulate, pass.stream);
        if (shape.projects()) {
            projectionGradients(pass, flat, flatType, accumulate, dW);
        }
        if (flat[0].bIh() != 0) {
            biasGradients(pass, flat, flatType, accumulate, scratch);
        }
    }

    private void recurrentGradients(RecurrencePass pass, long dW, long scratch) {
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        long rows = pitches.gates();
        long outputs = pitches.outputs();
        long step = shape.batch() * shape.directions();
        long y = padded(pass.y, shape.steps() * step, shape.outputs(), outputs, scratch + paddedY, pass);
        long hx = pass.hx == 0 ? 0 : padded(pass.hx, step, shape.outputs(), outputs, scratch + paddedHx, pass);
        for (int d = 0; d < shape.directions(); d++) {
            long target = dW + F32_BYTES * d * rows * outputs;
            long later = shape.bytes(step * rows);
            long laterY = shape.bytes(step * outputs);
            long gatesAt = gates + shape.bytes(d * rows) + (d == 0 ? later : 0);
            long before = y + shape.bytes(d * outputs) + (d == 0 ? 0 : laterY);
            if (recurrent != null) {
                recurrent.run(gatesAt, before, target, 0);
            }
            long first = pass.dGatesFirst + shape.bytes(d * shape.batch() * rows);
            if (hx != 0) {
                recurrentFirst.run(first, hx + shape.bytes(d * shape.batch() * outputs), target, 0);
            } else if (recurrent == null) {
                calls.clear(F32, target, rows * outputs);
            }
            if (shape.resetsBefore()) {
                long dn = gates + shape.bytes(d * rows + 2 * shape.hidden());
                long reset = pass.savedReset + shape.bytes(d * shape.hidden());
                recurrentN.run(dn, reset, target + F32_BYTES * 2 * shape.hidden() * outputs, 0);
            }
        }
    }

    private void projectionGradients(
            RecurrencePass pass, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long dW) {
        for (int d = 0; d < shape.directions(); d++) {
            long dProjected = pass.dProjected + shape.bytes(d * pitches.states());
            long raw = pass.hRaw + shape.bytes(d * pitches.units());
            projection.run(dProjected, raw, dW, 0);
            // One gate of P rows: unpacking is a plain copy or sum.
            calls.unpackRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED,
                    F32,
                    dW,
                    pitches.units(),
                    flatType,
                    flat[d].wHr(),
                    1,
                    shape.projection(),
                    shape.hidden(),
                    accumulate,
                    pass.stream);
        }
    }

    /** {@code rows} dense rows as the products want them: themselves, or a copy. */
    private long padded(long from, long rows, long columns, long pitch, long copy, RecurrencePass pass) {
        if (pitch == columns) {
            return from;
        }
        calls.padRows(shape.type(), from, shape.type(), copy, rows, columns, pitch, pass.stream);
        return copy;
    }

    private void biasGradients(
            RecurrencePass pass, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long scratch) {
        long allRows = shape.directions() * pitches.gates();
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
