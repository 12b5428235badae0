package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FrnnCellBackwardParams;
import dev.fusedrnn.internal.natives.FrnnStateBackwardParams;
import dev.fusedrnn.internal.natives.FrnnStepParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * The streamed plan's backward pass: per time step one kernel, and a product that carries the gradient of h on; or one kernel
 * that begins with the product of the step it follows. That one reads the recurrent weights by columns, so they are transposed
 * first.
 */
final class StreamedBackward extends StreamedSteps {
    private final Gemm throughWeights;
    private final Gemm throughWeightsN;
    private final Gemm throughProjection;
    private final FrnnCellBackwardParams cell;
    private final FrnnStateBackwardParams state;
    private final FrnnStepParams launch;

    // Parts of the workspace, as byte offsets.
    private final long dhState;
    private final long dcState;
    private final long dhRaw;
    private final long transposed;
    private final long workspaceBytes;

    StreamedBackward(LayerShape shape, Pitches pitches, boolean oneLaunch, Gemm.Factory gemms, NativeCalls calls) {
        super(shape, pitches, calls);
        long batch = shape.batch();
        long states = pitches.states();
        long units = pitches.units();
        long hidden = shape.hidden();
        long gateStride = shape.directions() * pitches.gates();
        long rows = shape.directions() * batch;
        throughWeights = gemms.plain(CudaType.F32, batch, states, firstRows(), gateStride, 1);
        throughWeightsN = shape.resetsBefore() ? gemms.plain(CudaType.F32, batch, units, hidden, gateStride, 0) : null;
        throughProjection = shape.projects()
                ? gemms.plain(CudaType.F32, batch, units, states, shape.directions() * states, 0)
                : null;
        Offsets offsets = new Offsets();
        dhState = offsets.next(F32_BYTES * rows * states);
        dcState = offsets.next(shape.hasCell() ? F32_BYTES * shape.cellElements() : 0);
        dhRaw = offsets.next(shape.projects() || shape.resetsBefore() ? F32_BYTES * rows * units : 0);
        transposed = offsets.next(oneLaunch ? shape.bytes(shape.directions() * pitches.gates() * pitches.states()) : 0);
        workspaceBytes = offsets.total();
        cell = new FrnnCellBackwardParams(calls.struct());
        state = new FrnnStateBackwardParams(calls.struct());
        launch = oneLaunch ? new FrnnStepParams(calls.struct()) : null;
        describeShape();
    }

    long workspaceBytes() {
        return workspaceBytes;
    }

    void run(RecurrencePass pass) {
        long dh = pass.workspace + dhState;
        long dc = pass.workspace + dcState;
        long rows = shape.directions() * shape.batch();
        calls.padRows(shape.type(), pass.dhy, F32, dh, rows, shape.outputs(), pitches.states(), pass.stream);
        if (shape.hasCell()) {
            calls.copyOrClear(shape.type(), pass.dcy, F32, dc, shape.cellElements());
        }
        bind(pass, dh, dc);
        if (launch != null) {
            transposeWeights(pass);
        }
        for (long step = shape.steps() - 1; step >= 0; step--) {
            if (launch != null) {
                stepInOneLaunch(pass, step);
            } else {
                step(pass, step, dh);
            }
            if (launch == null || step == 0) {
                carryOn(pass, step, dh);
            }
        }
        if (pass.dhx != 0) {
            calls.denseRows(F32, dh, pitches.states(), shape.type(), pass.dhx, rows, shape.outputs(), pass.stream);
        }
        if (pass.dcx != 0) {
            calls.convert(F32, dc, shape.type(), pass.dcx, shape.cellElements());
        }
    }

    private void step(RecurrencePass pass, long step, long dh) {
        long raw = pass.workspace + dhRaw;
        if (shape.projects()) {
            calls.check(FusedRnn.frnn_state_backward(state.step(step), calls.message()));
            for (int d = 0; d < shape.directions(); d++) {
                long projected = rowsOf(pass.dProjected, step, d, pitches.states());
                throughProjection.run(projected, projectionWeights(pass, d), part(raw, d, pitches.units()), 0);
            }
        }
        calls.check(FusedRnn.frnn_cell_backward(cell.step(step).stage(0), calls.message()));
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        if (shape.resetsBefore()) {
            for (int d = 0; d < shape.directions(); d++) {
                long dn = rowsOf(gates, step, d, pitches.gates()) + shape.bytes(2 * shape.hidden());
                throughWeightsN.run(dn, weightsN(pass, d), part(raw, d, pitches.units()), 0);
            }
            calls.check(FusedRnn.frnn_cell_backward(cell.stage(1), calls.message()));
        }
    }

    private void transposeWeights(RecurrencePass pass) {
        long rows = pitches.gates();
        long columns = pitches.states();
        for (int d = 0; d < shape.directions(); d++) {
            long target = pass.workspace + transposed + shape.bytes(d * rows * columns);
            calls.transpose(shape.type(), weights(pass, d), target, rows, columns, pass.stream);
            launch.recurrent().weights(d, target);
        }
        long allRows = shape.directions() * rows;
        launch.recurrent().columns(rows).unitStride(rows).gateStride(rows).valueStride(allRows);
    }

    private void stepInOneLaunch(RecurrencePass pass, long step) {
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        for (int d = 0; d < shape.directions(); d++) {
            boolean last = step == shape.steps() - 1;
            launch.recurrent().values(d, last ? 0 : rowsOf(gates, step + 1, d, pitches.gates()));
        }
        calls.check(FusedRnn.frnn_step_backward(cell.step(step), launch, calls.message()));
    }

    /** Adds what the step's gates give to the gradient of h before it. */
    private void carryOn(RecurrencePass pass, long step, long dh) {
        if (step == 0 && pass.dhx == 0) {
            return;
        }
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        for (int d = 0; d < shape.directions(); d++) {
            long rows = rowsOf(gates, step, d, pitches.gates());
            throughWeights.run(rows, weights(pass, d), part(dh, d, pitches.states()), 0);
        }
    }

    private void describeShape() {
        cell.structSize(cell.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .directionBegin(0)
                .directionCount(shape.directions())
                .cellClip(shape.cellClip())
                .zoneout(shape.projects() ? 0 : shape.zoneout())
                .cellZoneout(shape.cellZoneout())
                .zoneoutStream(shape.zoneoutStream())
                .T(shape.steps())
                .N(shape.batch())
                .H(shape.hidden())
                .D(shape.directions())
                .gateStride(pitches.gates())
                .stateStride(pitches.units());
        if (launch != null) {
            launch.structSize(launch.sizeof());
        }
        state.structSize(state.sizeof())
                .type(shape.type())
                .directionBegin(0)
                .directionCount(shape.directions())
                .zoneout(shape.zoneout())
                .zoneoutStream(shape.zoneoutStream())
                .T(shape.steps())
                .N(shape.batch())
                .P(shape.projection())
                .D(shape.directions())
                .stateStride(pitches.states());
    }

    private void bind(RecurrencePass pass, long dh, long dc) {
        boolean projects = shape.projects();
        boolean readsY = !shape.hasCell();
        cell
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .y(readsY ? pass.y : 0)
                .hx(shape.isGru() ? pass.hx : 0)
                .cx(shape.hasCell() ? pass.cx : 0)
                .lengths(pass.lengths)
                .random(pass.random)
                .dy(projects ? 0 : pass.dy)
                .dhState(projects ? pass.workspace + dhRaw : dh)
                .dcState(shape.hasCell() ? dc : 0)
                .dhReset(shape.resetsBefore() ? pass.workspace + dhRaw : 0)
                .dGates(pass.dGates)
                .dGatesH(shape.isGru() ? pass.dGatesH : 0)
                .dGatesFirst(pass.dGatesFirst)
                .stream(pass.stream);
        state.lengths(pass.lengths).random(pass.random).dy(pass.dy).dhState(dh).dProjected(pass.dProjected).stream(
                pass.stream);
    }
}
