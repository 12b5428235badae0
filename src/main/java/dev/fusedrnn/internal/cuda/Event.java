package dev.fusedrnn.internal.cuda;

/** A mark in the work of a stream: other streams can wait for it, and the time between two can be read. */
public final class Event implements AutoCloseable {
    private final CudaContext context;
    private long handle;

    /** Creates an event that has not been recorded. */
    public Event(CudaContext context) {
        this.context = context;
        long[] created = new long[1];
        context.enter();
        context.check(context.api().eventCreate(created), "cudaEventCreate");
        this.handle = created[0];
    }

    /** Records the work queued so far on the context's own stream. */
    public void record() {
        record(context.stream());
    }

    /** Records the work queued so far on a stream. */
    public void record(long stream) {
        context.enter();
        context.check(context.api().eventRecord(handle, stream), "cudaEventRecord");
    }

    /** Makes later work of {@code stream} wait for this event. */
    public void awaitOn(long stream) {
        context.enter();
        context.check(context.api().streamWaitEvent(stream, handle), "cudaStreamWaitEvent");
    }

    /** Blocks until the event has happened. */
    public void synchronize() {
        context.enter();
        context.check(context.api().eventSynchronize(handle), "cudaEventSynchronize");
    }

    /** Milliseconds from {@code earlier} to this event; both must have happened. */
    public float millisecondsSince(Event earlier) {
        float[] elapsed = new float[1];
        context.enter();
        context.check(context.api().eventElapsed(elapsed, earlier.handle, handle), "cudaEventElapsedTime");
        return elapsed[0];
    }

    @Override
    public void close() {
        if (handle != 0) {
            context.quietly(api -> api.eventDestroy(handle));
            handle = 0;
        }
    }
}
