package dev.fusedrnn.internal.cuda;

/** Page-locked host memory that the device reads by itself, with a mark of when its last copy has been read. */
public final class PinnedBlock implements AutoCloseable {
    private final CudaContext context;
    private final Event copied;
    private long address;
    private boolean busy;

    /** Takes the memory. */
    public PinnedBlock(CudaContext context, long bytes) {
        this.context = context;
        this.copied = new Event(context);
        long[] taken = new long[1];
        try {
            context.check(context.api().mallocHost(taken, bytes), "cudaMallocHost");
        } catch (RuntimeException | Error failed) {
            copied.close();
            throw failed;
        }
        this.address = taken[0];
    }

    /** Address of the first byte. */
    public long address() {
        return address;
    }

    /** Queues a copy of the first bytes to the device. */
    public void upload(long deviceAddress, long bytes) {
        context.enter();
        context.requireNotCapturing("an upload");
        context.check(
                context.api().copyAsync(deviceAddress, address, bytes, CudaApi.COPY_TO_DEVICE, context.stream()),
                "cudaMemcpyAsync");
        copied.record();
        busy = true;
    }

    /** Waits until the last copy has been made, so that the memory may be written again. */
    public void await() {
        if (busy) {
            copied.synchronize();
            busy = false;
        }
    }

    /** Waits for the last copy and gives the memory back. */
    @Override
    public void close() {
        if (address != 0) {
            long block = address;
            address = 0;
            if (busy) {
                context.quietly(api -> api.streamSynchronize(context.stream()));
            }
            copied.close();
            context.quietly(api -> api.freeHost(block));
        }
    }
}
