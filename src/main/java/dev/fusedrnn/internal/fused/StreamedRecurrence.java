package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FrnnCellBackwardParams;
import dev.fusedrnn.internal.natives.FrnnCellForwardParams;
import dev.fusedrnn.internal.natives.FrnnStateBackwardParams;
import dev.fusedrnn.internal.natives.FrnnStateForwardParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * The plan for every shape and device: per time step one recurrent matrix product and one kernel for everything else.
 * Meant to be recorded in a CUDA graph. The running states live in the workspace, so that a sample whose length has
 * passed keeps its state.
 */
final class StreamedRecurrence implements Recurrence {
    private static final int F32 = FusedRnn.FRNN_F32;
    private static final int F32_BYTES = 4;

    private final LayerShape shape;
    private final NativeCalls calls;
    private final Gemm recurrent;
    private final Gemm recurrentN;
    private final Gemm project;
    private final Gemm throughWeights;
    private final Gemm throughWeightsN;
    private final Gemm throughProjection;
    private final FrnnCellForwardParams cellForward;
    private final FrnnCellBackwardParams cellBackward;
    private final FrnnStateForwardParams stateForward;
    private final FrnnStateBackwardParams stateBackward;

    // Parts of the workspace, as byte offsets.
    private final long hState;
    private final long cState;
    private final long product;
    private final long resetState;
    private final long resetGates;
    private final long dhRaw;
    private final long workspaceBytes;

    StreamedRecurrence(LayerShape shape, Gemm.Factory gemms, NativeCalls calls) {
        this.shape = shape;
        this.calls = calls;
        cellForward = new FrnnCellForwardParams(calls.struct());
        cellBackward = new FrnnCellBackwardParams(calls.struct());
        stateForward = new FrnnStateForwardParams(calls.struct());
        stateBackward = new FrnnStateBackwardParams(calls.struct());
        long rowsOfW = shape.gateRows();
        long rz = 2 * shape.hidden();
        long outputs = shape.outputs();
        long firstRows = shape.resetsBefore() ? rz : rowsOfW;
        long hidden = shape.hidden();
        long batch = shape.batch();
        long gateStride = shape.directions() * rowsOfW;
        boolean training = shape.training();
        recurrent = gemms.byTransposed(CudaType.F32, batch, firstRows, outputs, outputs, false);
        recurrentN =
                shape.resetsBefore() ? gemms.byTransposed(CudaType.F32, batch, hidden, hidden, hidden, false) : null;
        project = shape.projects()
                ? gemms.byTransposed(CudaType.F32, batch, outputs, hidden, shape.directions() * hidden, false)
                : null;
        throughWeights = training ? gemms.plain(CudaType.F32, batch, outputs, firstRows, gateStride, 1) : null;
        throughWeightsN = training && shape.resetsBefore()
                ? gemms.plain(CudaType.F32, batch, hidden, hidden, gateStride, 0)
                : null;
        throughProjection = training && shape.projects()
                ? gemms.plain(CudaType.F32, batch, hidden, outputs, shape.directions() * outputs, 0)
                : null;
        Offsets offsets = new Offsets();
        hState = offsets.next(F32_BYTES * shape.stateElements());
        cState = offsets.next(shape.hasCell() ? F32_BYTES * shape.cellElements() : 0);
        product = offsets.next(F32_BYTES * shape.directions() * shape.batch() * Math.max(rowsOfW, outputs));
        resetState = offsets.next(shape.resetsBefore() ? shape.bytes(shape.cellElements()) : 0);
        resetGates = offsets.next(shape.resetsBefore() ? 2 * F32_BYTES * shape.cellElements() : 0);
        dhRaw = offsets.next(shape.projects() || shape.resetsBefore() ? F32_BYTES * shape.cellElements() : 0);
        workspaceBytes = offsets.total();
        describeShape();
    }

    @Override
    public String plan() {
        return "streamed";
    }

    @Override
    public long workspaceBytes() {
        return workspaceBytes;
    }

    @Override
    public void forward(RecurrencePass pass) {
        long h = pass.workspace + hState;
        long c = pass.workspace + cState;
        calls.copyOrClear(shape.type(), pass.hx, shape.type(), h, shape.stateElements());
        if (shape.hasCell()) {
            calls.copyOrClear(shape.type(), pass.cx, F32, c, shape.cellElements());
        }
        bindForward(pass, h, c);
        for (long step = 0; step < shape.steps(); step++) {
            boolean stateIsZero = step == 0 && pass.hx == 0;
            forwardStep(pass, step, h, stateIsZero);
        }
        if (pass.hy != 0) {
            calls.convert(shape.type(), h, shape.type(), pass.hy, shape.stateElements());
        }
        if (pass.cy != 0) {
            calls.convert(F32, c, shape.type(), pass.cy, shape.cellElements());
        }
    }

    private void forwardStep(RecurrencePass pass, long step, long h, boolean stateIsZero) {
        long r = pass.workspace + product;
        if (!stateIsZero) {
            long rows = shape.resetsBefore() ? 2 * shape.hidden() : shape.gateRows();
            perDirection(recurrent, h, pass.weights, r, rows, shape.outputs());
        }
        calls.check(FusedRnn.frnn_cell_forward(
                cellForward.step(step).stage(0).recurrent(stateIsZero ? 0 : r), calls.message()));
        if (shape.resetsBefore()) {
            long nRows = shape.bytes(2 * shape.hidden() * shape.hidden());
            if (!stateIsZero) {
                long state = pass.workspace + resetState;
                perDirection(recurrentN, state, pass.weights + nRows, r, shape.hidden(), shape.hidden());
            }
            calls.check(FusedRnn.frnn_cell_forward(cellForward.stage(1), calls.message()));
        }
        if (shape.projects()) {
            for (int d = 0; d < shape.directions(); d++) {
                long raw = pass.hRaw
                        + shape.bytes((time(step, d) * shape.batch() * shape.directions() + d) * shape.hidden());
                long w = pass.projectionWeights + shape.bytes(d * shape.projection() * shape.hidden());
                project.run(raw, w, r + F32_BYTES * d * shape.batch() * shape.projection(), 0);
            }
            calls.check(FusedRnn.frnn_state_forward(stateForward.step(step), calls.message()));
        }
    }

    @Override
    public void backward(RecurrencePass pass) {
        long dh = pass.workspace + hState;
        long dc = pass.workspace + cState;
        calls.copyOrClear(shape.type(), pass.dhy, F32, dh, shape.stateElements());
        if (shape.hasCell()) {
            calls.copyOrClear(shape.type(), pass.dcy, F32, dc, shape.cellElements());
        }
        bindBackward(pass, dh, dc);
        for (long step = shape.steps() - 1; step >= 0; step--) {
            backwardStep(pass, step, dh);
        }
        if (pass.dhx != 0) {
            calls.convert(F32, dh, shape.type(), pass.dhx, shape.stateElements());
        }
        if (pass.dcx != 0) {
            calls.convert(F32, dc, shape.type(), pass.dcx, shape.cellElements());
        }
    }

    private void backwardStep(RecurrencePass pass, long step, long dh) {
        if (shape.projects()) {
            calls.check(FusedRnn.frnn_state_backward(stateBackward.step(step), calls.message()));
            for (int d = 0; d < shape.directions(); d++) {
                long projected = pass.dProjected
                        + shape.bytes((time(step, d) * shape.batch() * shape.directions() + d) * shape.projection());
                long w = pass.projectionWeights + shape.bytes(d * shape.projection() * shape.hidden());
                throughProjection.run(
                        projected, w, pass.workspace + dhRaw + F32_BYTES * d * shape.batch() * shape.hidden(), 0);
            }
        }
        calls.check(FusedRnn.frnn_cell_backward(cellBackward.step(step).stage(0), calls.message()));
        long gates = shape.isGru() ? pass.dGatesH : pass.dGates;
        long rowsOfW = shape.gateRows();
        if (shape.resetsBefore()) {
            for (int d = 0; d < shape.directions(); d++) {
                long dn = stepGates(gates, step, d) + shape.bytes(2 * shape.hidden());
                long wN = pass.weights + shape.bytes((d * rowsOfW + 2 * shape.hidden()) * shape.hidden());
                throughWeightsN.run(dn, wN, pass.workspace + dhRaw + F32_BYTES * d * shape.batch() * shape.hidden(), 0);
            }
            calls.check(FusedRnn.frnn_cell_backward(cellBackward.stage(1), calls.message()));
        }
        if (step == 0 && pass.dhx == 0) {
            return;
        }
        for (int d = 0; d < shape.directions(); d++) {
            long w = pass.weights + shape.bytes(d * rowsOfW * shape.outputs());
            throughWeights.run(stepGates(gates, step, d), w, dh + F32_BYTES * d * shape.batch() * shape.outputs(), 0);
        }
    }

    /** product [D,N,rows] = state [D,N,columns] · w [D,..][rows, columns]ᵀ; directions of w lie G·H rows apart. */
    private void perDirection(Gemm gemm, long state, long w, long result, long rows, long columns) {
        for (int d = 0; d < shape.directions(); d++) {
            gemm.run(
                    state + shape.bytes(d * shape.batch() * columns),
                    w + shape.bytes(d * shape.gateRows() * columns),
                    result + F32_BYTES * d * shape.batch() * rows,
                    0);
        }
    }

    private long stepGates(long gates, long step, int direction) {
        return gates
                + shape.bytes(
                        (time(step, direction) * shape.batch() * shape.directions() + direction) * shape.gateRows());
    }

    private long time(long step, int direction) {
        return direction == 0 ? step : shape.steps() - 1 - step;
    }

    private void describeShape() {
        cellForward
                .structSize(cellForward.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .recurrentType(F32)
                .directionBegin(0)
                .directionCount(shape.directions())
                .cellClip(shape.cellClip())
                .T(shape.steps())
                .N(shape.batch())
                .H(shape.hidden())
                .D(shape.directions());
        cellBackward
                .structSize(cellBackward.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .directionBegin(0)
                .directionCount(shape.directions())
                .cellClip(shape.cellClip())
                .T(shape.steps())
                .N(shape.batch())
                .H(shape.hidden())
                .D(shape.directions());
        stateForward
                .structSize(stateForward.sizeof())
                .type(shape.type())
                .projectedType(F32)
                .directionBegin(0)
                .directionCount(shape.directions())
                .T(shape.steps())
                .N(shape.batch())
                .P(shape.projection())
                .D(shape.directions());
        stateBackward
                .structSize(stateBackward.sizeof())
                .type(shape.type())
                .directionBegin(0)
                .directionCount(shape.directions())
                .T(shape.steps())
                .N(shape.batch())
                .P(shape.projection())
                .D(shape.directions());
    }

    private void bindForward(RecurrencePass pass, long h, long c) {
        boolean projects = shape.projects();
        cellForward
                .gateInputs(pass.gateInputs)
                .bHn(pass.recurrentBiasN)
                .lengths(pass.lengths)
                .hState(projects ? 0 : h)
                .cState(shape.hasCell() ? c : 0)
                .resetState(shape.resetsBefore() ? pass.workspace + resetState : 0)
                .resetGates(shape.resetsBefore() ? pass.workspace + resetGates : 0)
                .y(projects ? 0 : pass.y)
                .hRaw(projects ? pass.hRaw : 0)
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .savedReset(pass.savedReset)
                .stream(pass.stream);
        stateForward.lengths(pass.lengths).projected(pass.workspace + product).hState(h).y(pass.y).stream(pass.stream);
    }

    private void bindBackward(RecurrencePass pass, long dh, long dc) {
        boolean projects = shape.projects();
        boolean readsY = !shape.hasCell();
        cellBackward
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .y(readsY ? pass.y : 0)
                .hx(shape.isGru() ? pass.hx : 0)
                .cx(shape.hasCell() ? pass.cx : 0)
                .lengths(pass.lengths)
                .dy(projects ? 0 : pass.dy)
                .dhState(projects ? pass.workspace + dhRaw : dh)
                .dcState(shape.hasCell() ? dc : 0)
                .dhReset(shape.resetsBefore() ? pass.workspace + dhRaw : 0)
                .dGates(pass.dGates)
                .dGatesH(shape.isGru() ? pass.dGatesH : 0)
                .dGatesFirst(pass.dGatesFirst)
                .stream(pass.stream);
        stateBackward.lengths(pass.lengths).dy(pass.dy).dhState(dh).dProjected(pass.dProjected).stream(pass.stream);
    }
}
