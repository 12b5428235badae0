package dev.fusedrnn.engine;

/**
 * In which order a system stacks the gates of a cell in its weight matrices and biases: all H rows of the first gate, then
 * of the next. This library's order is {@link #PYTORCH}; here are the ways from the others to it and back.
 *
 * <p>Letters are this library's: LSTM i (input), f (forget), g (candidate; c elsewhere), o (output); GRU r (reset), z
 * (update; u in oneDNN), n (new; h or o elsewhere). A plain RNN has one block, h, the same everywhere. In all of these
 * systems z keeps the old state: {@code h' = (1 − z)∘n + z∘h}.
 *
 * <p>Gates are blocks of rows here. Keras ({@code [C, G·H]}) and oneDNN ({@code ldigo}) store gates along columns:
 * transpose first.
 */
public enum GateOrder {
    /** PyTorch, cuDNN and this library: LSTM i, f, g, o; GRU r, z, n. */
    PYTORCH("ifgo", "rzn"),
    /** ONNX operators: LSTM i, o, f, c; GRU z, r, h, in the form that {@code linear_before_reset} names. */
    ONNX("iofg", "zrn"),
    /** Keras: LSTM i, f, c, o; GRU z, r, h, in the form that {@code reset_after} names. */
    KERAS("ifgo", "zrn"),
    /**
     * oneDNN: LSTM i, f, c, o; GRU u, r, o. The bias of its {@code lbr_gru} has a fourth block, the recurrent bias of o,
     * which is no part of this order.
     */
    ONEDNN("ifgo", "zrn");

    private final String lstm;
    private final String gru;

    GateOrder(String lstm, String gru) {
        this.lstm = lstm;
        this.gru = gru;
    }

    /** One letter per gate, in the order in which this system stacks them. */
    public String letters(CellType cell) {
        return switch (cell) {
            case RNN_TANH, RNN_RELU -> "h";
            case LSTM -> lstm;
            case GRU -> gru;
        };
    }

    /**
     * Rows in this system's order, put into the library's.
     *
     * @param values [G·H, any number of columns], row by row; a bias has one column
     * @return a new array
     * @throws IllegalArgumentException if the number of values is no multiple of G·H
     */
    public float[] toLibrary(CellType cell, int hiddenSize, float[] values) {
        return moved(this, PYTORCH, cell, hiddenSize, values, values.length, new float[values.length]);
    }

    /** The same in double. */
    public double[] toLibrary(CellType cell, int hiddenSize, double[] values) {
        return moved(this, PYTORCH, cell, hiddenSize, values, values.length, new double[values.length]);
    }

    /**
     * Rows in the library's order, put into this system's.
     *
     * @param values [G·H, any number of columns], row by row; a bias has one column
     * @return a new array
     * @throws IllegalArgumentException if the number of values is no multiple of G·H
     */
    public float[] fromLibrary(CellType cell, int hiddenSize, float[] values) {
        return moved(PYTORCH, this, cell, hiddenSize, values, values.length, new float[values.length]);
    }

    /** The same in double. */
    public double[] fromLibrary(CellType cell, int hiddenSize, double[] values) {
        return moved(PYTORCH, this, cell, hiddenSize, values, values.length, new double[values.length]);
    }

    /** Copies block by block between two primitive arrays of the same type. */
    private static <A> A moved(GateOrder from, GateOrder to, CellType cell, int hidden, A values, int length, A moved) {
        int block = blockLength(cell, hidden, length);
        String source = from.letters(cell);
        String target = to.letters(cell);
        for (int gate = 0; gate < cell.gates(); gate++) {
            int place = target.indexOf(source.charAt(gate));
            System.arraycopy(values, gate * block, moved, place * block, block);
        }
        return moved;
    }

    private static int blockLength(CellType cell, int hidden, int length) {
        if (hidden < 1) {
            throw new IllegalArgumentException("hiddenSize must be at least 1, found " + hidden);
        }
        long rows = (long) cell.gates() * hidden;
        if (length % rows != 0) {
            throw new IllegalArgumentException("values of " + cell.id() + " must be a multiple of G·H = " + cell.gates()
                    + "·" + hidden + " = " + rows + " elements, found " + length);
        }
        return length / cell.gates();
    }
}
