package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FrnnDeviceLimits;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FrnnRecurrenceBackwardParams;
import dev.fusedrnn.internal.natives.FrnnRecurrenceForwardParams;
import dev.fusedrnn.internal.natives.FrnnRecurrencePlan;
import dev.fusedrnn.internal.natives.FrnnRecurrenceShape;
import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.Set;

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
            LayerShape shape,
            FrnnRecurrenceShape forwardShape,
            FrnnRecurrenceShape backwardShape,
            NativeCalls calls,
            FrnnRecurrencePlan forwardPlan,
            FrnnRecurrencePlan backwardPlan) {
        this.shape = shape;
        this.calls = calls;
        forward = new FrnnRecurrenceForwardParams(calls.struct());
        backward = new FrnnRecurrenceBackwardParams(calls.struct());
        this.forwardPlan = forwardPlan;
        this.backwardPlan = backwardPlan;
        this.forwardShape = forwardShape;
        this.backwardShape = backwardShape;
        forward.structSize(forward.sizeof()).cellClip(shape.cellClip());
        backward.structSize(backward.sizeof()).cellClip(shape.cellClip());
    }

    /** Rows of what the kernels read. */
    Pitches pitches() {
        FrnnRecurrencePlan last = backwardPlan == null ? forwardPlan : backwardPlan;
        return Pitches.persistent(shape, forwardPlan.hiddenPadded(), last.hiddenPadded());
    }

    /** A persistent plan of one of these kinds for the shape, or null if the kernels take it in one of its passes not; the reason is then in {@code why}. */
    static PersistentRecurrence plan(
            LayerShape shape,
            Set<PersistentKind> kinds,
            FrnnDeviceLimits limits,
            NativeCalls calls,
            StringBuilder why) {
        String streamed = shape.projects()
                ? "projection"
                : shape.resetsBefore() ? "reset-before" : shape.zonesOut() ? "zoneout" : "";
        if (!streamed.isEmpty()) {
            why.append(streamed).append(" needs the streamed plan");
            return null;
        }
        FrnnRecurrenceShape forwards = nativeShape(shape, FusedRnn.FRNN_PASS_FORWARD, kinds, calls);
        FrnnRecurrenceShape backwards = nativeShape(shape, FusedRnn.FRNN_PASS_BACKWARD, kinds, calls);
        FrnnRecurrencePlan forward = decide(forwards, limits, calls, why);
        FrnnRecurrencePlan backward = null;
        if (forward != null && shape.training()) {
            backward = decide(backwards, limits, calls, why);
        }
        if (forward == null || (shape.training() && backward == null)) {
            return null;
        }
        return new PersistentRecurrence(shape, forwards, backwards, calls, forward, backward);
    }

    private static FrnnRecurrencePlan decide(
            FrnnRecurrenceShape shape, FrnnDeviceLimits limits, NativeCalls calls, StringBuilder why) {
        FrnnRecurrencePlan plan = new FrnnRecurrencePlan(calls.struct());
        plan.structSize(plan.sizeof());
        calls.check(FusedRnn.frnn_recurrence_plan(shape, limits, plan, calls.message()));
        if (plan.kind() == FusedRnn.FRNN_PLAN_NONE) {
            why.append(plan.reason().getString());
            return null;
        }
        return plan;
    }

    private static FrnnRecurrenceShape nativeShape(
            LayerShape shape, int pass, Set<PersistentKind> kinds, NativeCalls calls) {
        FrnnRecurrenceShape result = new FrnnRecurrenceShape(calls.struct());
        return result.structSize(result.sizeof())
                .cell(shape.cell())
                .dtype(shape.type())
                .pass(pass)
                .directions(shape.directions())
                .hidden((int) shape.hidden())
                .plans(PersistentKind.bits(kinds))
                .steps(shape.steps())
                .batch(shape.batch());
    }

    @Override
    public String plan() {
        String forwards = describe(forwardPlan);
        String backwards = backwardPlan == null ? forwards : describe(backwardPlan);
        return forwards.equals(backwards) ? forwards : forwards + "; backward " + backwards;
    }

    private static String describe(FrnnRecurrencePlan plan) {
        String blocks = plan.kind() == FusedRnn.FRNN_PLAN_CLUSTER
                ? "cluster of "
                : plan.kind() == FusedRnn.FRNN_PLAN_CHIP ? "chip-wide, blocks " : "chip-wide for many samples, blocks ";
        return blocks + plan.clusterSize() + ", " + plan.samplesPerCluster() + " samples each";
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
