package dev.fusedrnn.internal.cudnn;

import dev.fusedrnn.internal.cuda.CudaType;

/**
 * A recurrent stack in cuDNN's words.
 *
 * @param cell {@code cudnnRNNMode_t}: 0 ReLU, 1 tanh, 2 LSTM, 3 GRU
 * @param projSize features h is projected to, or 0
 * @param clip limit of an LSTM's cell state, or 0
 * @param tf32 whether F32 products may be rounded to TF32
 */
public record CudnnSpec(
        int cell,
        int inputSize,
        int hiddenSize,
        int projSize,
        int layers,
        boolean bidirectional,
        boolean bias,
        double clip,
        CudaType type,
        boolean tf32) {
    public static final int RELU = 0;
    public static final int TANH = 1;
    public static final int LSTM = 2;
    public static final int GRU = 3;

    /** 1 or 2. */
    public int directions() {
        return bidirectional ? 2 : 1;
    }

    /** Features of h and of one direction's output. */
    public int outputSize() {
        return projSize > 0 ? projSize : hiddenSize;
    }
}
