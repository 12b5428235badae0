package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/**
 * The state of a stack between time steps, on its device. {@link Rnn#step} overwrites it.
 *
 * @param h [L·D, N, P or H]
 * @param c [L·D, N, H]; null if the cell has no cell state
 */
public record RnnState(Tensor h, Tensor c) implements AutoCloseable {
    /** A state of zeros for {@code batch} samples. */
    public static RnnState zeros(RnnConfig config, Device device, int batch) {
        long rows = (long) config.layers() * config.directions();
        Tensor h = device.zeros(config.dataType(), rows, batch, config.outputSize());
        try {
            Tensor c = config.cell().hasCellState()
                    ? device.zeros(config.dataType(), rows, batch, config.hiddenSize())
                    : null;
            return new RnnState(h, c);
        } catch (RuntimeException | Error noMemory) {
            h.close();
            throw noMemory;
        }
    }

    /** Number of samples. */
    public int batch() {
        return (int) h.shape().extent(1);
    }

    /** Sets the state to zero. */
    public void clear() {
        h.clear();
        if (c != null) {
            c.clear();
        }
    }

    /** Copies another state of the same shape. */
    public void copyFrom(RnnState other) {
        h.copyFrom(other.h);
        if (c != null) {
            c.copyFrom(other.c);
        }
    }

    @Override
    public void close() {
        h.close();
        if (c != null) {
            c.close();
        }
    }
}
