package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaApi;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.host.HostMemory;

/**
 * Where a persistent kernel says that it gave up waiting for another block: pinned host memory that kernels write
 * directly, so that the host sees it after any synchronisation without asking the device.
 */
public final class ErrorWord implements AutoCloseable {
    private final CudaContext context;
    private final long address;
    private final int[] word = new int[1];

    /** Takes the word and has it looked at whenever the context has waited for its work. */
    public ErrorWord(CudaContext context) {
        this.context = context;
        long[] taken = new long[1];
        context.check(context.api().mallocHost(taken, Integer.BYTES), "cudaMallocHost");
        address = taken[0];
        HostMemory.fill(address, Integer.BYTES, (byte) 0);
        context.afterSynchronize(this::check);
    }

    /** The word's address, for host and device alike. */
    public long address() {
        return address;
    }

    private void check() {
        HostMemory.get(address, word, 0, 1);
        if (word[0] != 0) {
            HostMemory.fill(address, Integer.BYTES, (byte) 0);
            throw context.libraryFailure(
                    "persistent recurrence kernel",
                    "a block waited too long for another (error word " + word[0] + "); results since the last"
                            + " synchronisation are invalid",
                    false,
                    false);
        }
    }

    @Override
    public void close() {
        context.quietly((CudaApi api) -> api.freeHost(address));
    }
}
