package dev.fusedrnn.train;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/**
 * A stack's state in one block of memory, so that one kernel copies all of it.
 *
 * @param memory h, and behind it c if the cell has one
 * @param state views of it
 */
record StateBlock(Tensor memory, RnnState state) implements AutoCloseable {
    /** What c's first element is aligned to, as if it were a tensor of its own. */
    private static final long ALIGNMENT = 256;

    /** A state of zeros for {@code batch} samples. */
    static StateBlock zeros(RnnConfig config, Device device, int batch) {
        long rows = (long) config.layers() * config.directions();
        long step = ALIGNMENT / config.dataType().bytes();
        long h = rows * batch * config.outputSize();
        long cStart = (h + step - 1) / step * step;
        boolean hasCell = config.cell().hasCellState();
        long c = rows * batch * config.hiddenSize();
        Tensor memory = device.zeros(config.dataType(), hasCell ? cStart + c : h);
        return new StateBlock(
                memory,
                new RnnState(
                        memory.view(0, rows, batch, config.outputSize()),
                        hasCell ? memory.view(cStart, rows, batch, config.hiddenSize()) : null));
    }

    /** [L·D, N, P or H]. */
    Tensor h() {
        return state.h();
    }

    /** [L·D, N, H]; null if the cell has no cell state. */
    Tensor c() {
        return state.c();
    }

    /** Queues a copy of another state of the same stack. */
    void copyFrom(StateBlock other, Kernels kernels) {
        kernels.convert(other.memory, memory);
    }

    @Override
    public void close() {
        memory.close();
    }
}
