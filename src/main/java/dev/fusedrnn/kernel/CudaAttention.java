package dev.fusedrnn.kernel;

import static dev.fusedrnn.kernel.CudaTypes.type;

import dev.fusedrnn.internal.cuda.NativeKernels;

/** Additive attention by our own kernels, over tensors that have been checked. */
final class CudaAttention {
    private CudaAttention() {}

    static void forward(NativeKernels kernels, Attention step) {
        kernels.attention(
                type(step.query()),
                step.steps(),
                step.batch(),
                step.features(),
                step.valueFeatures(),
                read(step),
                step.context().address());
    }

    static void backward(NativeKernels kernels, Attention step, Attention.Gradients gradients) {
        kernels.attentionBackward(
                type(step.query()),
                step.steps(),
                step.batch(),
                step.features(),
                step.valueFeatures(),
                read(step),
                gradients.dContext().address(),
                gradients.dScores().address(),
                gradients.dQuery().address(),
                gradients.dKeys().address(),
                gradients.dWeight().address(),
                gradients.dValues().address());
    }

    private static NativeKernels.AttentionRead read(Attention step) {
        return new NativeKernels.AttentionRead(
                step.query().address(),
                step.keys().address(),
                step.weight().address(),
                step.values().address(),
                step.lengths().address(),
                step.shares().address());
    }
}
