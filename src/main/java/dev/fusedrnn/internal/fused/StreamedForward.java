package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FrnnCellForwardParams;
import dev.fusedrnn.internal.natives.FrnnStateForwardParams;
import dev.fusedrnn.internal.natives.FrnnStepParams;
import dev.fusedrnn.internal.natives.FrnnStepProduct;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * The streamed plan's forward pass: per time step a recurrent product, and one kernel for everything else; or one kernel for
 * both. That one reads the whole of h in every block, so the new h goes to another tensor, and the two take turns.
 */
final class StreamedForward extends StreamedSteps {
    private final Gemm recurrent;
    private final Gemm recurrentN;
    private final Gemm project;
    private final FrnnCellForwardParams cell;
    private final FrnnStateForwardParams state;
    private final FrnnStepParams launch;

    // Parts of the workspace, as byte offsets.
    private final long[] hState = new long[2];
    private final long cState;
    private final long product;
    private final long resetState;
    private final long resetGates;
    private final long workspaceBytes;

    StreamedForward(LayerShape shape, Pitches pitches, boolean oneLaunch, Gemm.Factory gemms, NativeCalls calls) {
        super(shape, pitches, calls);
        long batch = shape.batch();
        long states = pitches.states();
        long units = pitches.units();
        long rows = shape.directions() * batch;
        recurrent = gemms.byTransposed(CudaType.F32, batch, firstRows(), states, states, pitches.gates(), false);
        recurrentN = shape.resetsBefore()
                ? gemms.byTransposed(CudaType.F32, batch, shape.hidden(), states, states, pitches.gates(), false)
                : null;
        project = shape.projects()
                ? gemms.byTransposed(CudaType.F32, batch, states, units, shape.directions() * units, states, false)
                : null;
        Offsets offsets = new Offsets();
        hState[0] = offsets.next(shape.bytes(rows * states));
        hState[1] = oneLaunch && !shape.projects() ? offsets.next(shape.bytes(rows * states)) : hState[0];
        cState = offsets.next(shape.hasCell() ? F32_BYTES * shape.cellElements() : 0);
        product = offsets.next(F32_BYTES * rows * Math.max(pitches.gates(), states));
        resetState = offsets.next(shape.resetsBefore() ? shape.bytes(rows * units) : 0);
        resetGates = offsets.next(shape.resetsBefore() ? 2 * F32_BYTES * shape.cellElements() : 0);
        workspaceBytes = offsets.total();
        cell = new FrnnCellForwardParams(calls.struct());
        state = new FrnnStateForwardParams(calls.struct());
        launch = oneLaunch ? new FrnnStepParams(calls.struct()) : null;
        describeShape();
    }

    long workspaceBytes() {
        return workspaceBytes;
    }

    void run(RecurrencePass pass) {
        long h = pass.workspace + hState[0];
        long c = pass.workspace + cState;
        long rows = shape.directions() * shape.batch();
        calls.padRows(shape.type(), pass.hx, shape.type(), h, rows, shape.outputs(), pitches.states(), pass.stream);
        if (shape.hasCell()) {
            calls.copyOrClear(shape.type(), pass.cx, F32, c, shape.cellElements());
        }
        bind(pass, c);
        for (long step = 0; step < shape.steps(); step++) {
            boolean stateIsZero = step == 0 && pass.hx == 0;
            long before = h;
            h = pass.workspace + hState[(int) ((step + 1) & 1)];
            cell.step(step).hBefore(shape.projects() ? 0 : before).hState(shape.projects() ? 0 : h);
            if (launch != null) {
                stepInOneLaunch(pass, before, stateIsZero);
            } else {
                stepAfterProduct(pass, before, stateIsZero);
            }
            if (shape.projects()) {
                project(pass, step);
            }
        }
        if (pass.hy != 0) {
            calls.denseRows(
                    shape.type(), h, pitches.states(), shape.type(), pass.hy, rows, shape.outputs(), pass.stream);
        }
        if (pass.cy != 0) {
            calls.convert(F32, c, shape.type(), pass.cy, shape.cellElements());
        }
    }

    private void stepInOneLaunch(RecurrencePass pass, long h, boolean stateIsZero) {
        long columns = pitches.states();
        long firstGates = shape.resetsBefore() ? 2 : shape.gates();
        FrnnStepProduct read = launch.recurrent();
        read.columns(columns).gateStride(columns).valueStride(columns).unitStride(firstGates * columns);
        for (int d = 0; d < shape.directions(); d++) {
            read.weights(d, weights(pass, d)).values(d, stateIsZero ? 0 : stateOf(h, d));
        }
        calls.check(FusedRnn.frnn_step_forward(cell.stage(0).recurrent(0), launch, calls.message()));
        if (shape.resetsBefore()) {
            read.unitStride(columns);
            for (int d = 0; d < shape.directions(); d++) {
                long reset = stateOf(pass.workspace + resetState, d);
                read.weights(d, weightsN(pass, d)).values(d, stateIsZero ? 0 : reset);
            }
            calls.check(FusedRnn.frnn_step_forward(cell.stage(1), launch, calls.message()));
        }
    }

    private void stepAfterProduct(RecurrencePass pass, long h, boolean stateIsZero) {
        long r = pass.workspace + product;
        for (int d = 0; d < shape.directions() && !stateIsZero; d++) {
            recurrent.run(stateOf(h, d), weights(pass, d), part(r, d, pitches.gates()), 0);
        }
        calls.check(FusedRnn.frnn_cell_forward(cell.stage(0).recurrent(stateIsZero ? 0 : r), calls.message()));
        if (shape.resetsBefore()) {
            for (int d = 0; d < shape.directions() && !stateIsZero; d++) {
                long reset = stateOf(pass.workspace + resetState, d);
                recurrentN.run(reset, weightsN(pass, d), part(r, d, pitches.gates()), 0);
            }
            calls.check(FusedRnn.frnn_cell_forward(cell.stage(1), calls.message()));
        }
    }

    private void project(RecurrencePass pass, long step) {
        long projected = pass.workspace + product;
        for (int d = 0; d < shape.directions(); d++) {
            long raw = rowsOf(pass.hRaw, step, d, pitches.units());
            project.run(raw, projectionWeights(pass, d), part(projected, d, pitches.states()), 0);
        }
        calls.check(FusedRnn.frnn_state_forward(state.step(step), calls.message()));
    }

    /** The direction's part of S [D,N,P or H]. */
    private long stateOf(long states, int direction) {
        return states + shape.bytes(direction * shape.batch() * pitches.states());
    }

    private void describeShape() {
        cell.structSize(cell.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .recurrentType(F32)
                .cType(F32)
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
                .projectedType(F32)
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

    private void bind(RecurrencePass pass, long c) {
        boolean projects = shape.projects();
        cell
                .gateInputs(pass.gateInputs)
                .bHn(pass.recurrentBiasN)
                .lengths(pass.lengths)
                .random(pass.random)
                .cBefore(shape.hasCell() ? c : 0)
                .cState(shape.hasCell() ? c : 0)
                .resetState(shape.resetsBefore() ? pass.workspace + resetState : 0)
                .resetGates(shape.resetsBefore() ? pass.workspace + resetGates : 0)
                .y(projects ? 0 : pass.y)
                .hRaw(projects ? pass.hRaw : 0)
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .savedReset(pass.savedReset)
                .stream(pass.stream);
        state
                .lengths(pass.lengths)
                .random(pass.random)
                .projected(pass.workspace + product)
                .hState(pass.workspace + hState[0])
                .y(pass.y)
                .stream(pass.stream);
    }
}
