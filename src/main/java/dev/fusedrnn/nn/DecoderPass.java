package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Tensor;

/** The decoder on targets of one shape, behind an encoder's pass. */
sealed interface DecoderPass extends AutoCloseable permits ContextDecoderPass, AttentionDecoderPass {
    /** Queues the forward pass, behind that of the encoder. */
    void forward();

    /** Queues the way back from {@link #dy} to the gradients of what was read of the encoder. {@link #dy} may be overwritten. */
    void backward();

    /** Outputs, [T·N, F]. */
    Tensor y();

    /** Where the gradient of the outputs goes, [T·N, F]; null in inference. */
    Tensor dy();

    /** The gradient of the encoder's outputs after {@link #backward}; null for zeros. */
    Tensor dEncoderOutputs();

    @Override
    void close();
}
