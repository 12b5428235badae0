package dev.fusedrnn.internal.cuda;

/** A second queue of work beside the context's own, for parts that may run at the same time. */
public final class Stream implements AutoCloseable {
    private final CudaContext context;
    private long handle;

    /** Creates an empty stream. */
    public Stream(CudaContext context) {
        this.context = context;
        long[] created = new long[1];
        context.enter();
        context.check(context.api().streamCreate(created, false), "cudaStreamCreateWithPriority");
        this.handle = created[0];
    }

    /** The stream's handle. */
    public long handle() {
        return handle;
    }

    @Override
    public void close() {
        if (handle != 0) {
            context.quietly(api -> api.streamDestroy(handle));
            handle = 0;
        }
    }
}
