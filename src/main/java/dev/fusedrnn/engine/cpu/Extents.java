package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;

/**
 * The sizes of one execution and where each block of the reserve lies, in floats. Per layer and direction the reserve holds
 * the gates after their activation [T, N, G·H], the cells [T, N, H] (LSTM) and one more block [T, N, H]: the hidden state
 * before projection (LSTM with projection), the recurrent product of n (GRU, reset after) or r∘h (GRU, reset before). Per
 * layer it holds the output and, with dropout, what the next layer read of it. Four generator words stand first.
 */
record Extents(
        RnnConfig config,
        ParameterLayout layout,
        int steps,
        int batch,
        int hidden,
        int gateRows,
        int output,
        int totalOutput,
        boolean keepsLastOutput) {
    private static final int HEADER = 16;
    /** Rows this many floats apart compete for the same lines of the cache. */
    private static final int PAGE = 1024;

    private static final int LINE = 16;
    /** From so many steps and samples on, turning the recurrent weights costs less than it saves. */
    private static final int LEAST_STEPS_TO_TRANSPOSE = 16;

    private static final int LEAST_BATCH_TO_TRANSPOSE = 8;

    static Extents of(RnnConfig config, int steps, int batch) {
        int gateRows = Math.multiplyExact(config.cell().gates(), config.hiddenSize());
        requireInt("T·N", (long) steps * batch);
        requireInt(
                "N·rows of gates or features of y", (long) batch * Math.max(gateRows + LINE, config.totalOutputSize()));
        return new Extents(
                config,
                ParameterLayout.of(config),
                steps,
                batch,
                config.hiddenSize(),
                gateRows,
                config.outputSize(),
                config.totalOutputSize(),
                config.dataType().isHalf());
    }

    private static void requireInt(String what, long size) {
        if (size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "the cpu engine needs " + what + " of at most " + Integer.MAX_VALUE + ", found " + size);
        }
    }

    int directions() {
        return config.directions();
    }

    int layers() {
        return config.layers();
    }

    /** T·N. */
    int rows() {
        return steps * batch;
    }

    /** Floats from one row of the gradients of the gates to the next. */
    int gradientRow() {
        return gateRows % PAGE == 0 ? gateRows + LINE : gateRows;
    }

    /** Whether a pass works with a transposed copy of wHh. */
    boolean transposesRecurrent() {
        return steps >= LEAST_STEPS_TO_TRANSPOSE && batch >= LEAST_BATCH_TO_TRANSPOSE;
    }

    boolean lstm() {
        return config.cell() == CellType.LSTM;
    }

    boolean gru() {
        return config.cell() == CellType.GRU;
    }

    boolean resetBefore() {
        return gru() && config.gruVariant() == GruVariant.RESET_BEFORE;
    }

    boolean projected() {
        return config.projSize() > 0;
    }

    boolean hasExtra() {
        return gru() || projected();
    }

    boolean dropsAfter(int layer) {
        return config.dropout() > 0 && layer < layers() - 1;
    }

    long gateFloats() {
        return (long) rows() * gateRows;
    }

    long gradientFloats() {
        return (long) rows() * gradientRow();
    }

    long cellFloats() {
        return (long) rows() * hidden;
    }

    long outputFloats() {
        return (long) rows() * totalOutput;
    }

    /** Elements of all of hx. */
    long stateFloats(int features) {
        return (long) layers() * directions() * batch * features;
    }

    private long directionFloats() {
        long floats = gateFloats();
        floats += lstm() ? cellFloats() : 0;
        return floats + (hasExtra() ? cellFloats() : 0);
    }

    private int outputBlocks(int layer) {
        int kept = layer < layers() - 1 || keepsLastOutput ? 1 : 0;
        return kept + (dropsAfter(layer) ? 1 : 0);
    }

    long reserveFloats() {
        return layerAt(layers());
    }

    private long layerAt(int layer) {
        long at = HEADER;
        for (int l = 0; l < layer; l++) {
            at += directions() * directionFloats() + outputBlocks(l) * outputFloats();
        }
        return at;
    }

    long gatesAt(int layer, int direction) {
        return layerAt(layer) + direction * directionFloats();
    }

    long cellsAt(int layer, int direction) {
        return gatesAt(layer, direction) + gateFloats();
    }

    long extraAt(int layer, int direction) {
        return gatesAt(layer, direction) + gateFloats() + (lstm() ? cellFloats() : 0);
    }

    long outputAt(int layer) {
        return layerAt(layer) + directions() * directionFloats();
    }

    /** What the next layer read; only with dropout. */
    long droppedAt(int layer) {
        return outputAt(layer) + outputFloats();
    }
}
