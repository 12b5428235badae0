package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Tensor;

/** Changes [A, B, F] into [B, A, F]: the border between batch-first tensors and the time-first engines. */
final class AxisSwap {
    private AxisSwap() {}

    /** A new tensor with the first two axes exchanged. */
    static Tensor of(Tensor source) {
        long a = source.shape().extent(0);
        long b = source.shape().extent(1);
        long features = source.shape().extent(2);
        Tensor swapped = source.device().allocate(source.dataType(), b, a, features);
        for (long i = 0; i < a; i++) {
            for (long j = 0; j < b; j++) {
                swapped.view((j * a + i) * features, features).copyFrom(source.view((i * b + j) * features, features));
            }
        }
        return swapped;
    }
}
