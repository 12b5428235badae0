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

    // Parts of the workspace: where blocks meet, and a copy of hx where it is needed.
    private final long givenState;
    private final long workspaceBytes;

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
        forward.structSize(forward.sizeof())
                .cellClip(shape.cellClip())
                .zoneout(shape.zoneout())
                .cellZoneout(shape.cellZoneout())
                .zoneoutStream(shape.zoneoutStream());
        backward.structSize(backward.sizeof())
                .cellClip(shape.cellClip())
                .zoneout(shape.zoneout())
                .cellZoneout(shape.cellZoneout())
                .zoneoutStream(shape.zoneoutStream());
        Offsets offsets = new Offsets();
        offsets.next(Math.max(forwardPlan.workspaceBytes(), backwardPlan == null ? 0 : backwardPlan.workspaceBytes()));
        givenState = offsets.next(inOneCluster() ? 0 : shape.bytes(shape.stateElements()));
        workspaceBytes = offsets.total();
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
        if (shape.projects()) {
            why.append("projection needs the streamed plan");
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
                .tf32(shape.roundsFactors() ? 1 : 0)
                .pass(pass)
                .directions(shape.directions())
                .hidden((int) shape.hidden())
                .plans(PersistentKind.bits(kinds))
                .zoneout(shape.zonesOut() ? 1 : 0)
                .steps(shape.steps())
                .batch(shape.batch());
    }

    /** Estimated microseconds of a step, of both passes if there are two. */
    float microsPerStep() {
        return forwardPlan.microsPerStep() + (backwardPlan == null ? 0 : backwardPlan.microsPerStep());
    }

    @Override
    public String plan() {
        String forwards = describe(forwardPlan);
        String backwards = backwardPlan == null ? forwards : describe(backwardPlan);
        return forwards.equals(backwards) ? forwards : forwards + "; backward " + backwards;
    }

    private String describe(FrnnRecurrencePlan plan) {
        String blocks = plan.kind() == FusedRnn.FRNN_PLAN_CLUSTER
                ? "cluster of "
                : plan.kind() == FusedRnn.FRNN_PLAN_CHIP ? "chip-wide, blocks " : "chip-wide for many samples, blocks ";
        return blocks + plan.clusterSize() + ", " + plan.samplesPerCluster() + " samples each"
                + (shape.roundsFactors() ? ", TF32 products" : "");
    }

    @Override
    public long workspaceBytes() {
        return workspaceBytes;
    }

    private boolean inOneCluster() {
        return forwardPlan.kind() == FusedRnn.FRNN_PLAN_CLUSTER;
    }

    /**
     * The state that the forward kernel reads. The blocks of a cluster have all read hx before the first of them writes hy, which
     * may be the same memory; where blocks meet in L2 alone, one may be done with a sample of a single step before another begins.
     */
    private long stateBefore(RecurrencePass pass) {
        boolean singleSteps = shape.steps() == 1 || pass.lengths != 0;
        if (pass.hx == 0 || pass.hx != pass.hy || inOneCluster() || !singleSteps) {
            return pass.hx;
        }
        long copy = pass.workspace + givenState;
        long rows = shape.directions() * shape.batch();
        PackedMatrix states = PackedMatrix.ofRows(rows, shape.hidden(), rows, shape.hidden());
        calls.pack(shape.type(), shape.type(), pass.stream, packing -> packing.add(states, pass.hx, copy));
        return copy;
    }

    @Override
    public void forward(RecurrencePass pass) {
        forward
                .gateInputs(pass.gateInputs)
                .weights(pass.weights)
                .recurrentBiasN(pass.recurrentBiasN)
                .hx(stateBefore(pass))
                .cx(pass.cx)
                .cellsBefore(pass.cellsBefore)
                .lengths(pass.lengths)
                .firstStep(pass.firstStep)
                .random(pass.random)
                .y(pass.y)
                .hy(pass.hy)
                .cy(pass.cy)
                .cellsAfter(pass.cellsAfter)
                .savedGates(pass.savedGates)
                .savedCells(pass.savedCells)
                .savedReset(pass.savedReset)
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
                .cellsBefore(pass.cellsBefore)
                .lengths(pass.lengths)
                .firstStep(pass.firstStep)
                .random(pass.random)
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
                .dhCarried(pass.dhCarried)
                .dcCarried(pass.dcCarried)
                .workspace(backwardPlan.workspaceBytes() > 0 ? pass.workspace : 0)
                .error(pass.error)
                .stream(pass.stream);
        calls.check(FusedRnn.frnn_recurrence_backward(backwardShape, backwardPlan, backward, calls.message()));
    }
}
