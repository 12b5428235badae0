package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.host.HostMemory;

/**
 * What one forward step read and kept for its backward, and its way to the reserve and back.
 *
 * @param x input, after dropout
 * @param h previous h
 * @param c previous c; empty without cell state
 * @param kept the cell's own values
 */
record Step(double[] x, double[] h, double[] c, double[] kept) {
    static Step of(RnnConfig config, int layer) {
        return new Step(
                new double[config.layerInputSize(layer)],
                new double[config.outputSize()],
                new double[config.cell().hasCellState() ? config.hiddenSize() : 0],
                new double[Cell.keptSize(config)]);
    }

    /** Numbers in a step. */
    int size() {
        return x.length + h.length + c.length + kept.length;
    }

    /** Stores this step as the one with number {@code index} of the block of steps at {@code address}. */
    void write(long address, long index) {
        long at = address + Math.multiplyExact(index, (long) size() * Double.BYTES);
        for (double[] part : parts()) {
            HostMemory.put(at, part, 0, part.length);
            at += (long) part.length * Double.BYTES;
        }
    }

    /** Loads what {@link #write} stored. */
    void read(long address, long index) {
        long at = address + Math.multiplyExact(index, (long) size() * Double.BYTES);
        for (double[] part : parts()) {
            HostMemory.get(at, part, 0, part.length);
            at += (long) part.length * Double.BYTES;
        }
    }

    private double[][] parts() {
        return new double[][] {x, h, c, kept};
    }
}
