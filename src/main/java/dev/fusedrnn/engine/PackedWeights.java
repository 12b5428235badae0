package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.tensor.Tensor;

/**
 * Which parameters an execution's packed weights were made of. Somebody else's recording packs again whenever it is replayed,
 * unseen from here, so an execution that has been part of one never relies on what it has packed.
 */
final class PackedWeights {
    private long address;
    private boolean packedUnseen;

    /** Whether the weights are those of these parameters, if their values have not changed. */
    boolean holds(Tensor parameters, CudaContext context) {
        return !packedUnseen && !context.isCapturing() && address == parameters.address();
    }

    /** Says that a pass has left the weights of these parameters. */
    void set(Tensor parameters, CudaContext context) {
        packedUnseen |= context.isCapturing();
        address = parameters.address();
    }
}
