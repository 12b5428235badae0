package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FrnnCellForwardParams;
import dev.fusedrnn.internal.natives.FrnnStepParams;
import dev.fusedrnn.internal.natives.FrnnStepProduct;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * One time step of one layer as one launch, two with a reset before the product: both products, the biases and the cell. The
 * parameters are read where they lie, so nothing is packed and nothing has to be known about their changes.
 */
public final class SingleStep {
    private final LayerShape shape;
    private final NativeCalls calls;
    private final FrnnCellForwardParams cell;
    private final FrnnStepParams step;

    // Parts of the scratch memory, for a reset before the product.
    private final long resetState;
    private final long resetGates;
    private final long scratchBytes;

    /**
     * Addresses of one step, 0 where a tensor is not given.
     *
     * @param x S [N,C]; read
     * @param hx S [D,N,H]; read, may not be hy
     * @param cx S [D,N,H]; read, LSTM only
     * @param y S [N,D·H]; written
     * @param hy S [D,N,H]; written
     * @param cy S [D,N,H]; written, may be cx; LSTM only
     * @param scratch {@link #scratchBytes}
     */
    public record Call(
            LayerWeights.Flat[] parameters, long x, long hx, long cx, long y, long hy, long cy, long scratch) {}

    /** Prepares a layer that {@link #takes} accepts. */
    public SingleStep(LayerShape shape, WorkQueue queue) {
        this.shape = shape;
        this.calls = queue.calls();
        Offsets offsets = new Offsets();
        resetState = offsets.next(shape.resetsBefore() ? shape.bytes(shape.cellElements()) : 0);
        resetGates = offsets.next(shape.resetsBefore() ? 2L * Float.BYTES * shape.cellElements() : 0);
        scratchBytes = offsets.total();
        cell = new FrnnCellForwardParams(calls.struct());
        step = new FrnnStepParams(calls.struct());
        cell
                .structSize(cell.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .recurrentType(shape.type())
                .cType(shape.type())
                .directionBegin(0)
                .directionCount(shape.directions())
                .cellClip(shape.cellClip())
                .T(1)
                .N(shape.batch())
                .H(shape.hidden())
                .D(shape.directions())
                .gateStride(Pitches.streamed(shape).gates())
                .stateStride(shape.hidden())
                .stream(queue.stream());
        step.structSize(step.sizeof()).multipliesInput(1);
        describe(step.recurrent(), shape.hidden());
        describe(step.input(), shape.inputs());
    }

    /** Whether a layer's pass is a single step that the kernels take. */
    public static boolean takes(LayerShape shape) {
        return OneLaunch.takesLayer(shape);
    }

    /** Scratch bytes of a call. */
    public long scratchBytes() {
        return scratchBytes;
    }

    /** Queues the step. */
    public void run(Call call) {
        long reset = call.scratch() + resetState;
        cell.hBefore(call.hx())
                .hState(call.hy())
                .cBefore(call.cx())
                .cState(call.cy())
                .resetState(shape.resetsBefore() ? reset : 0)
                .resetGates(shape.resetsBefore() ? call.scratch() + resetGates : 0)
                .y(call.y());
        for (int d = 0; d < shape.directions(); d++) {
            step.bIh(d, call.parameters()[d].bIh()).bHh(d, call.parameters()[d].bHh());
        }
        launch(call, 0, call.hx());
        if (shape.resetsBefore()) {
            launch(call, 1, reset);
        }
    }

    /** {@code values}: what the recurrent weights are multiplied with, S [D,N,H], or 0 for zeros. */
    private void launch(Call call, int stage, long values) {
        long firstRow = stage == 0 ? 0 : 2 * shape.hidden();
        for (int d = 0; d < shape.directions(); d++) {
            LayerWeights.Flat flat = call.parameters()[d];
            long direction = shape.bytes(d * shape.batch() * shape.hidden());
            step.recurrent()
                    .weights(d, flat.wHh() + shape.bytes(firstRow * shape.hidden()))
                    .values(d, values == 0 ? 0 : values + direction);
            step.input()
                    .weights(d, flat.wIh() + shape.bytes(firstRow * shape.inputs()))
                    .values(d, call.x());
        }
        calls.check(FusedRnn.frnn_step_forward(cell.stage(stage), step, calls.message()));
    }

    /** Rows of flat parameters: gate by gate, in each the units one after another. */
    private void describe(FrnnStepProduct product, long columns) {
        product.columns(columns)
                .unitStride(columns)
                .gateStride(shape.hidden() * columns)
                .valueStride(columns);
    }
}
