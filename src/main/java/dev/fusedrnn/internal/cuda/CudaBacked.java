package dev.fusedrnn.internal.cuda;

/** Implemented by the device type of the layer above, so that kernels and engines reach the context behind it. */
public interface CudaBacked {
    /** The context all work of this device runs in. */
    CudaContext context();
}
