package dev.fusedrnn.internal.cuda;

/** A second queue of work beside the context's own, for parts that may run at the same time. */
public final class Stream implements AutoCloseable {
    private final CudaContext context;
    private long handle;

    /** Creates an empty stream for work that others go before. */
    public Stream(CudaContext context) {
        this(context, false);
    }

    /** Creates an empty stream; if {@code urgent}, with the priority of the context's own. */
    public Stream(CudaContext context, boolean urgent) {
        this.context = context;
        long[] created = new long[1];
        context.enter();
        context.check(context.api().streamCreate(created, urgent), "cudaStreamCreateWithPriority");
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
