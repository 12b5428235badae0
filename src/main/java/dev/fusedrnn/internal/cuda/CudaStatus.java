package dev.fusedrnn.internal.cuda;

import java.util.Set;

/** What a {@code cudaError_t} means for the program. */
public enum CudaStatus {
    /** All went well. */
    OK,
    /** An allocation failed; nothing else happened. */
    MEMORY,
    /** A kernel broke the context; every later call fails too. */
    LOST,
    /** The call failed and nothing else; its error must be cleared. */
    FAILED;

    static final int SUCCESS = 0;
    static final int ERROR_MEMORY_ALLOCATION = 2;
    static final int ERROR_CUDART_UNLOADING = 4;

    /** Errors of execution: they stay with the context until the process ends (CUDA runtime API, cudaError_t). */
    private static final Set<Integer> STICKY = Set.of(
            ERROR_CUDART_UNLOADING,
            201, // invalid context
            214, // uncorrectable ECC error
            220, // uncorrectable NVLink error
            700, // illegal address
            702, // launch timeout
            709, // context destroyed
            710, // assert
            714, // hardware stack error
            715, // illegal instruction
            716, // misaligned address
            717, // invalid address space
            718, // invalid program counter
            719, // launch failure
            721, // tensor memory leak
            999); // unknown

    /** The meaning of one code. */
    public static CudaStatus of(int error) {
        if (error == SUCCESS) {
            return OK;
        }
        if (error == ERROR_MEMORY_ALLOCATION) {
            return MEMORY;
        }
        return STICKY.contains(error) ? LOST : FAILED;
    }
}
