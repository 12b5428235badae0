package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.natives.FrnnGatesParams;
import dev.fusedrnn.internal.natives.FrnnStatesBeforeParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * The gates of all time steps of a layer, for a backward pass whose forward pass kept none: the recurrent product over many steps
 * at once from the saved h, added to the gate inputs. It takes as many steps at a time as have sums of bounded size: F32 sums of
 * all steps would take twice the memory that gates of 16 bits do, and these are still in the cache when they are read.
 */
final class GateRecomputation {
    private static final int F32_BYTES = 4;
    /** A third of an H100's second-level cache. */
    private static final long MOST_SUM_BYTES = 1L << 24;

    private final LayerShape shape;
    private final Pitches pitches;
    private final LayerWeights weights;
    private final NativeCalls calls;
    private final long stepsAtOnce;
    private final long sumStride;
    private final Products usual;
    private final Products last;
    private final FrnnStatesBeforeParams before;
    private final FrnnGatesParams gates;

    // Parts of the scratch memory, as byte offsets.
    private final long states;
    private final long sums;
    private final long scratchBytes;

    /** The products of a number of steps; {@code candidate} is null but for a reset before the product. */
    private record Products(Gemm first, Gemm candidate) {}

    GateRecomputation(LayerShape shape, Pitches pitches, LayerWeights weights, Gemm.Factory gemms, NativeCalls calls) {
        this.shape = shape;
        this.pitches = pitches;
        this.weights = weights;
        this.calls = calls;
        sumStride = MatrixProduct.pitch(pitches.gates(), CudaType.F32);
        long rows = shape.batch() * shape.directions();
        stepsAtOnce = stepsAtOnce(shape.steps(), Math.multiplyExact(F32_BYTES * rows, sumStride));
        long rest = shape.steps() % stepsAtOnce;
        usual = products(gemms, stepsAtOnce);
        last = rest == 0 ? usual : products(gemms, rest);
        Offsets offsets = new Offsets();
        states = offsets.next(shape.bytes(stepsAtOnce * rows * columns()));
        sums = offsets.next(F32_BYTES * stepsAtOnce * rows * sumStride);
        scratchBytes = offsets.total();
        before = new FrnnStatesBeforeParams(calls.struct());
        gates = new FrnnGatesParams(calls.struct());
        describeShape();
    }

    /** Steps at a time, in parts of equal size but for the last, for sums of so many bytes per step. */
    static long stepsAtOnce(long steps, long bytesPerStep) {
        long most = Math.max(1, MOST_SUM_BYTES / bytesPerStep);
        long parts = (steps + most - 1) / most;
        return (steps + parts - 1) / parts;
    }

    /** Scratch bytes {@link #run} needs, at the start of the pass's workspace. */
    long scratchBytes() {
        return scratchBytes;
    }

    /** Queues the gates of all steps, from the pass's gate inputs, y and hx; {@code block} holds the packed weights. */
    void run(RecurrencePass pass, long block) {
        bind(pass, block);
        for (long begin = 0; begin < shape.steps(); begin += stepsAtOnce) {
            long count = Math.min(stepsAtOnce, shape.steps() - begin);
            Products products = count == stepsAtOnce ? usual : last;
            before.timeBegin(begin).timeCount(count);
            gates.timeBegin(begin).timeCount(count);
            calls.check(FusedRnn.frnn_states_before(before, calls.message()));
            multiply(products.first, pass, weights.wHh(block));
            calls.check(FusedRnn.frnn_gates(gates.stage(0).savedReset(0), calls.message()));
            if (shape.resetsBefore()) {
                multiply(products.candidate, pass, weights.wHh(block) + shape.bytes(2 * shape.hidden() * columns()));
                calls.check(FusedRnn.frnn_gates(gates.stage(1).savedReset(pass.savedReset), calls.message()));
            }
        }
    }

    private void multiply(Gemm product, RecurrencePass pass, long recurrent) {
        for (int d = 0; d < shape.directions(); d++) {
            product.run(
                    pass.workspace + states + shape.bytes(d * columns()),
                    recurrent + shape.bytes(d * pitches.forward().elements()),
                    pass.workspace + sums + F32_BYTES * d * sumStride,
                    0);
        }
    }

    private Products products(Gemm.Factory gemms, long steps) {
        long first = shape.resetsBefore() ? 2 * shape.hidden() : pitches.gates();
        return new Products(
                product(gemms, steps, first), shape.resetsBefore() ? product(gemms, steps, shape.hidden()) : null);
    }

    private Gemm product(Gemm.Factory gemms, long steps, long rows) {
        long directions = shape.directions();
        return gemms.byTransposed(
                CudaType.F32,
                steps * shape.batch(),
                rows,
                columns(),
                directions * columns(),
                directions * sumStride,
                false);
    }

    /** Elements from row to row of the recurrent weights, and so of the states. */
    private long columns() {
        return pitches.forward().columns();
    }

    private void describeShape() {
        before.structSize(before.sizeof())
                .type(shape.type())
                .T(shape.steps())
                .N(shape.batch())
                .R(shape.outputs())
                .D(shape.directions())
                .stateStride(columns());
        gates.structSize(gates.sizeof())
                .type(shape.type())
                .cell(shape.cell())
                .T(shape.steps())
                .N(shape.batch())
                .H(shape.hidden())
                .D(shape.directions())
                .gateStride(pitches.gates())
                .sumStride(sumStride)
                .stateStride(columns());
    }

    private void bind(RecurrencePass pass, long block) {
        before.y(pass.y).hx(pass.hx).lengths(pass.lengths).states(pass.workspace + states).stream(pass.stream);
        gates
                .gateInputs(pass.gateInputs)
                .sums(pass.workspace + sums)
                .bHn(weights.recurrentBiasN(block))
                .lengths(pass.lengths)
                .states(shape.resetsBefore() ? pass.workspace + states : 0)
                .savedGates(pass.savedGates)
                .stream(pass.stream);
    }
}
