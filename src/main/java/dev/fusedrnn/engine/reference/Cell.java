package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;

/**
 * One time step of one sample in one layer and direction. Vectors: x [input], h [P or H], c [H].
 *
 * <p>A forward step leaves what its backward needs in a {@link Step}.
 */
interface Cell {
    /** Numbers a step of this cell keeps beside x, h and c. */
    static int keptSize(RnnConfig config) {
        int hidden = config.hiddenSize();
        return switch (config.cell()) {
            case RNN_TANH, RNN_RELU -> hidden;
            case LSTM -> 5 * hidden + (config.projSize() > 0 ? hidden : 0);
            case GRU -> 4 * hidden;
        };
    }

    /** The cell of a configuration. */
    static Cell of(RnnConfig config, Weights weights, Rounding rounding) {
        return switch (config.cell()) {
            case RNN_TANH -> new RnnCell(config.hiddenSize(), false, weights, rounding);
            case RNN_RELU -> new RnnCell(config.hiddenSize(), true, weights, rounding);
            case LSTM -> new LstmCell(config.hiddenSize(), config.cellClip(), weights, rounding);
            case GRU ->
                config.gruVariant() == GruVariant.RESET_AFTER
                        ? new GruResetAfterCell(config.hiddenSize(), weights, rounding)
                        : new GruResetBeforeCell(config.hiddenSize(), weights, rounding);
        };
    }

    /**
     * Replaces h and c by the next state.
     *
     * @param x this step's input; read
     * @param kept [keptSize]; written
     */
    void forward(double[] x, double[] h, double[] c, double[] kept);

    /**
     * Takes a step's gradient back.
     *
     * @param step what the forward step read and kept
     * @param dh on entry the gradient of the step's new h, on return that of its previous h
     * @param dc the same of c
     * @param dx the gradient of x is added to it
     * @param gradient gradients of the parameters are added to it
     */
    void backward(Step step, double[] dh, double[] dc, double[] dx, Weights gradient);

    /** {@code 1 / (1 + e^-a)}; exactly 0 or 1 where it saturates. */
    static double sigmoid(double a) {
        return 1 / (1 + Math.exp(-a));
    }
}
