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
    private final AlignedGates aligned;
    private final long dInput;
    private final long dRecurrent;
    private final long dProjection;
    private final boolean copiesX;
    private final boolean copiesY;
    private final long paddedX;
    private final long paddedY;
    private final long paddedHx;
    private final long paddedGates;
    private final long paddedGatesH;
    private final long paddedFirst;
    private final long sums;
    private final long sumsH;
    private final long sumWorkspace;
    private final long scratchBytes;

    WeightGradients(LayerShape shape, Pitches pitches, LayerWeights weights, Gemm.Factory gemms, NativeCalls calls) {
        this.shape = shape;
        this.pitches = pitches;
        this.weights = weights;
        this.calls = calls;
        int copied = shape.isGru() ? 2 : 1;
        aligned = AlignedGates.of(shape, pitches.gates(), shape.inputs() + shape.outputs(), copied, gemms);
        long gates = aligned.pitch();
        long allRows = shape.directions() * gates;
        long stateRows = shape.resetsBefore() ? 2 * shape.hidden() : gates;
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
        recurrentFirst = gemms.overRows(stateRows, outputs, batch, gates, outputs, outputs, shape.steps() > 1 ? 1 : 0);
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
        dInput = offsets.next(F32_BYTES * allRows * inputs);
        dRecurrent = offsets.next(F32_BYTES * allRows * outputs);
        dProjection = offsets.next(
                shape.projects() ? F32_BYTES * shape.directions() * pitches.states() * pitches.units() : 0);
        copiesX = inputs != shape.inputs();
        copiesY = outputs != shape.outputs();
        paddedX = offsets.next(copiesX ? shape.bytes(rows * inputs) : 0);
        paddedY = offsets.next(copiesY ? shape.bytes(rows * allOutputs) : 0);
        paddedHx = offsets.next(copiesY ? shape.bytes(batch * allOutputs) : 0);
        long gateCount = rows * shape.directions();
        paddedGates = offsets.next(aligned.bytes(gateCount));
        paddedGatesH = offsets.next(shape.isGru() ? aligned.bytes(gateCount) : 0);
        paddedFirst = offsets.next(aligned.bytes(batch * shape.directions()));
        long summed = shape.directions() * pitches.gates();
        sums = offsets.next(F32_BYTES * summed);
        sumsH = offsets.next(shape.isGru() ? F32_BYTES * summed : 0);
        sumWorkspace = offsets.next(copied * NativeCalls.columnSumWorkspace(shape.rows(), summed));
        scratchBytes = offsets.total();
    }

    /** Scratch bytes {@link #run} needs. */
    long scratchBytes() {
        return scratchBytes;
    }

    /** Adds or writes all weight gradients of the layer; without those of the input weights if x is 0. */
    void run(RecurrencePass pass, long x, LayerWeights.Flat[] flat, int flatType, boolean accumulate, long scratch) {
        copyRows(pass, x, scratch);
        if (x != 0) {
            input.run(
                    aligned.copies() ? scratch + paddedGates : pass.dGates,
                    copiesX ? scratch + paddedX : x,
                    scratch + dInput,
                    0);
        }
        recurrentGradients(pass, scratch);
        if (shape.projects()) {
            projectionGradients(pass, scratch);
        }
        boolean bias = flat[0].bIh() != 0;
        if (bias) {
            biasGradients(pass, scratch);
        }
        calls.unpack(F32, flatType, accumulate, pass.stream, unpacking -> {
            if (x != 0) {
                weights.unpackInput(scratch + dInput, aligned.pitch(), flat, unpacking);
            }
            weights.unpackRecurrent(scratch + dRecurrent, aligned.pitch(), flat, unpacking);
            if (shape.projects()) {
                weights.unpackProjection(scratch + dProjection, flat, unpacking);
            }
            if (bias) {
                weights.unpackBiases(scratch + sums, scratch + (shape.isGru() ? sumsH : sums), flat, unpacking);
            }
        });
    }

    /** Copies of what the products want with other rows. */
    private void copyRows(RecurrencePass pass, long x, long scratch) {
        int type = shape.type();
        calls.pack(type, type, pass.stream, packing -> {
            if (copiesX && x != 0) {
                packing.add(rows(shape.rows(), shape.inputs(), pitches.inputs()), x, scratch + paddedX);
            }
            if (aligned.copies()) {
                copyGates(pass, x, scratch, packing);
            }
            if (copiesY) {
                long states = shape.batch() * shape.directions();
                long columns = shape.outputs();
                packing.add(rows(shape.steps() * states, columns, pitches.outputs()), pass.y, scratch + paddedY);
                if (pass.hx != 0) {
                    packing.add(rows(states, columns, pitches.outputs()), pass.hx, scratch + paddedHx);
                }
            }
        });
    }

    private void copyGates(RecurrencePass pass, long x, long scratch, Packing packing) {
        PackedMatrix all = aligned.matrix(shape.rows() * shape.directions());
        if (x != 0 || !shape.isGru()) {
            packing.add(all, pass.dGates, scratch + paddedGates);
        }
        if (shape.isGru()) {
            packing.add(all, pass.dGatesH, scratch + paddedGatesH);
        }
        packing.add(aligned.matrix(shape.batch() * shape.directions()), pass.dGatesFirst, scratch + paddedFirst);
    }

    private static PackedMatrix rows(long rows, long columns, long pitch) {
        return PackedMatrix.ofRows(rows, columns, rows, pitch);
    }

    private void recurrentGradients(RecurrencePass pass, long scratch) {
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        long firsts = pass.dGatesFirst;
        if (aligned.copies()) {
            gates = scratch + (shape.isGru() ? paddedGatesH : paddedGates);
            firsts = scratch + paddedFirst;
        }
        long rows = aligned.pitch();
        long outputs = pitches.outputs();
        long step = shape.batch() * shape.directions();
        long y = copiesY ? scratch + paddedY : pass.y;
        long hx = copiesY && pass.hx != 0 ? scratch + paddedHx : pass.hx;
        for (int d = 0; d < shape.directions(); d++) {
            long target = scratch + dRecurrent + F32_BYTES * d * rows * outputs;
            long later = shape.bytes(step * rows);
            long laterY = shape.bytes(step * outputs);
            long gatesAt = gates + shape.bytes(d * rows) + (d == 0 ? later : 0);
            long before = y + shape.bytes(d * outputs) + (d == 0 ? 0 : laterY);
            if (recurrent != null) {
                recurrent.run(gatesAt, before, target, 0);
            }
            long first = firsts + shape.bytes(d * shape.batch() * rows);
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

    private void projectionGradients(RecurrencePass pass, long scratch) {
        for (int d = 0; d < shape.directions(); d++) {
            long dProjected = pass.dProjected + shape.bytes(d * pitches.states());
            long raw = pass.hRaw + shape.bytes(d * pitches.units());
            long target = scratch + dProjection + F32_BYTES * d * pitches.states() * pitches.units();
            projection.run(dProjected, raw, target, 0);
        }
    }

    private void biasGradients(RecurrencePass pass, long scratch) {
        calls.columnSums(
                shape.type(),
                shape.rows(),
                shape.directions() * pitches.gates(),
                pass.dGates,
                scratch + sums,
                shape.isGru() ? pass.dGatesH : 0,
                scratch + sumsH,
                scratch + sumWorkspace,
                pass.stream);
    }
}
