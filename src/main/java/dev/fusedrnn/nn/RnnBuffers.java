package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The tensors one pass allocates; frees all that have not been handed out. */
final class RnnBuffers implements AutoCloseable {
    private final RnnCall call;
    private final List<Tensor> owned = new ArrayList<>();
    private Tensor x;
    private Tensor y;
    private Tensor hy;
    private Tensor cy;
    private Tensor reserve;

    private RnnBuffers(RnnCall call) {
        this.call = call;
    }

    static RnnBuffers forInput(RnnCall call) {
        RnnBuffers buffers = new RnnBuffers(call);
        try {
            buffers.allocate();
            return buffers;
        } catch (RuntimeException | Error noMemory) {
            buffers.close();
            throw noMemory;
        }
    }

    private void allocate() {
        RnnConfig config = call.config();
        long rows = (long) config.layers() * config.directions();
        x = call.batchFirst()
                ? own(AxisSwap.of(call.input().x()))
                : call.input().x();
        y = allocate(config.dataType(), call.steps(), call.batch(), config.totalOutputSize());
        hy = allocate(config.dataType(), rows, call.batch(), config.outputSize());
        if (config.cell().hasCellState()) {
            cy = allocate(config.dataType(), rows, call.batch(), config.hiddenSize());
        }
    }

    Tensor allocate(DataType type, long... extents) {
        return own(call.device().allocate(type, extents));
    }

    Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    void allocateReserve(RnnExecution execution) {
        reserve = allocate(DataType.I32, execution.reserveElements());
    }

    Tensor reserve() {
        return reserve;
    }

    Tensor random(long seed, int draw) {
        Tensor random = allocate(DataType.I32, 4);
        random.copyFrom(new int[] {(int) seed, (int) (seed >>> 32), draw, 0});
        return random;
    }

    ForwardCall call(Tensor parameters, Tensor random, Tensor keep) {
        RnnInput input = call.input();
        return new ForwardCall(parameters, x, input.hx(), input.cx(), input.lengths(), random, y, hy, cy, keep);
    }

    /** Hands out the outputs: they are no longer freed here. */
    RnnOutput takeOutput() {
        Tensor result = call.batchFirst() ? AxisSwap.of(y) : y;
        release(result, hy, cy);
        return new RnnOutput(result, hy, cy);
    }

    /** Hands out tensors (nulls are skipped): they are no longer freed here. */
    void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            owned.remove(tensor);
        }
    }

    Tensor y() {
        return y;
    }

    Tensor hy() {
        return hy;
    }

    Tensor cy() {
        return cy;
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
    }
}
