package dev.fusedrnn.engine;

import java.util.Locale;

/**
 * The recurrent cells. Gates stand in the order of cuDNN and PyTorch: LSTM i, f, g, o; GRU r, z, n.
 *
 * <p>A weight matrix {@code wIh} has {@code gates · H} rows: all H rows of the first gate, then of the next.
 */
public enum CellType {
    /** {@code h = tanh(wIh·x + bIh + wHh·h + bHh)}. */
    RNN_TANH(1, false),
    /** {@code h = max(0, wIh·x + bIh + wHh·h + bHh)}. */
    RNN_RELU(1, false),
    /** Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers 2000). */
    LSTM(4, true),
    /** Gated recurrent unit (Cho et al. 2014), in one of two {@linkplain GruVariant forms}. */
    GRU(3, false);

    private final int gates;
    private final boolean cellState;

    CellType(int gates, boolean cellState) {
        this.gates = gates;
        this.cellState = cellState;
    }

    /** Number of gates, and so of H-row blocks in a weight matrix. */
    public int gates() {
        return gates;
    }

    /** Whether the state has a cell c next to h. */
    public boolean hasCellState() {
        return cellState;
    }

    /** Lower-case name: {@code rnn_tanh}, {@code lstm}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
