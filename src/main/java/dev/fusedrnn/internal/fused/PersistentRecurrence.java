package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FrnnDeviceLimits;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FrnnRecurrenceBackwardParams;
import dev.fusedrnn.internal.natives.FrnnRecurrenceForwardParams;
import dev.fusedrnn.internal.natives.FrnnRecurrencePlan;
import dev.fusedrnn.internal.natives.FrnnRecurrenceShape;
import dev.fusedrnn.internal.natives.FusedRnn;

/** One launch runs all time steps, with the recurrent weights held on the chip. */
final class PersistentRecurrence implements Recurrence {
    private final LayerShape shape;
    private final NativeCalls calls;
    private final FrnnRecurrenceShape forwardShape;
    private final FrnnRecurrenceShape backwardShape;
    private final FrnnRecurrencePlan forwardPlan;
    private final FrnnRecurrencePlan backwardPlan;
    private final FrnnRecurrenceForwardParams forward;
    private final FrnnRecurrenceBackwardParams backward;

    private PersistentRecurrence(
            LayerShape shape, NativeCalls calls, FrnnRecurrencePlan forwardPlan, FrnnRecurrencePlan backwardPlan) {
        this.shape = shape;
        this.calls = calls;
        forward = new FrnnRecurrenceForwardParams(calls.struct());
        backward = new FrnnRecurrenceBackwardParams(calls.struct());
        this.forwardPlan = forwardPlan;
        this.backwardPlan = backwardPlan;
        forwardShape = nativeShape(shape, FusedRnn.FRNN_PASS_FORWARD, calls);
        backwardShape = nativeShape(shape, FusedRnn.FRNN_PASS_BACKWARD, calls);
        forward.structSize(forward.sizeof()).cellClip(shape.cellClip());
        backward.structSize(backward.sizeof()).cellClip(shape.cellClip());
    }

    /** Rows of what the kernels read. */
    Pitches pitches() {
        FrnnRecurrencePlan last = backwardPlan == null ? forwardPlan : backwardPlan;
        return Pitches.persistent(shape, forwardPlan.hiddenPadded(), last.hiddenPadded());
    }

    /** A persistent plan for the shape, or null if the kernels take it in one of its passes not; the reason is then in {@code why}. */
    static PersistentRecurrence plan(LayerShape shape, FrnnDeviceLimits limits, NativeCalls calls, StringBuilder why) {
        String streamed = shape.projects()
                ? "projection"
                : shape.resetsBefore() ? "reset-before" : shape.zonesOut() ? "zoneout" : "";
        if (!streamed.isEmpty()) {
            why.append(streamed).append(" needs the streamed plan");
            return null;
        }
        FrnnRecurrencePlan forward = decide(shape, FusedRnn.FRNN_PASS_FORWARD, limits, calls, why);
        FrnnRecurrencePlan backward = null;
        if (forward != null && shape.training()) {
            backward = decide(shape, FusedRnn.FRNN_PASS_BACKWARD, limits, calls, why);
        }
        if (forward == null || (shape.training() && backward == null)) {
            return null;
        }
        return new PersistentRecurrence(shape, calls, forward, backward);
    }

    private static FrnnRecurrencePlan decide(
            LayerShape shape, int pass, FrnnDeviceLimits limits, NativeCalls calls, StringBuilder why) {
        FrnnRecurrencePlan plan = new FrnnRecurrencePlan(calls.struct());
        plan.structSize(plan.sizeof());
        calls.check(FusedRnn.frnn_recurrence_plan(nativeShape(shape, pass, calls), limits, plan, calls.message()));
        if (plan.kind() == FusedRnn.FRNN_PLAN_NONE) {
            why.append(plan.reason().getString());
            return null;
        }
        return plan;
    }

    private static FrnnRecurrenceShape nativeShape(LayerShape shape, int pass, NativeCalls calls) {
        FrnnRecurrenceShape result = new FrnnRecurrenceShape(calls.struct());
        return result.structSize(result.sizeof())
                .cell(shape.cell())
                .dtype(shape.type())
                .pass(pass)
                .directions(shape.directions())
                .hidden((int) shape.hidden())
                .steps(shape.steps())
                .batch(shape.batch());
    }

    @Override
    public String plan() {
        String blocks = forwardPlan.kind() == FusedRnn.FRNN_PLAN_CLUSTER ? "cluster of " : "chip-wide, blocks ";
        return blocks + forwardPlan.clusterSize() + ", " + forwardPlan.samplesPerCluster() + " samples each";
    }

    @Override
    public long workspaceBytes() {
        return Math.max(forwardPlan.workspaceBytes(), backwardPlan == null ? 0 : backwardPlan.workspaceBytes());
    }

    @Override
    public void forward(RecurrencePass pass) {
        forward
                .gateInputs(pass.gateInputs)
                .weights(pass.weights)
                .recurrentBiasN(pass.recurrentBiasN)
                .hx(pass.hx)
                .cx(pass.cx)
                .lengths(pass.lengths)
                .y(pass.y)
                .hy(pass.hy)
                .cy(pass.cy)
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .workspace(forwardPlan.workspaceBytes() > 0 ? pass.workspace : 0)
                .error(pass.error)
                .stream(pass.stream);
        FrnnMessage message = calls.message();
        calls.check(FusedRnn.frnn_recurrence_forward(forwardShape, forwardPlan, forward, message));
    }

    @Override
    public void backward(RecurrencePass pass) {
        backward
                .weights(pass.weights)
                .hx(shape.isGru() ? pass.hx : 0)
                .cx(pass.cx)
                .lengths(pass.lengths)
                .y(pass.y)
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .dy(pass.dy)
                .dhy(pass.dhy)
                .dcy(pass.dcy)
                .dGates(pass.dGates)
                .dGatesH(pass.dGatesH)
                .dGatesFirst(pass.dGatesFirst)
                .dhx(pass.dhx)
                .dcx(pass.dcx)
                .workspace(backwardPlan.workspaceBytes() > 0 ? pass.workspace : 0)
                .error(pass.error)
                .stream(pass.stream);
        calls.check(FusedRnn.frnn_recurrence_backward(backwardShape, backwardPlan, backward, calls.message()));
    }
}
