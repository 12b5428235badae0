package dev.fusedrnn.internal.cuda;

/**
 * A second queue of a context's work, for results that are wanted only later: it starts behind what the context's stream
 * holds at {@link #fork}, runs beside what comes there next, and is done before what comes after {@link #join}. Within a
 * recording both are edges of the graph.
 *
 * <p>It has matrix products of its own, since a workspace serves one stream at a time. Only kernels whose blocks wait for
 * no other kernel may be queued here. Then whatever runs here ends by itself, however few multiprocessors a chip-wide
 * recurrence on the context's stream leaves free, and the recurrence gets all of its blocks at the latest when the work
 * queued here has ended: far below the seconds its blocks wait for each other. Two such recurrences side by side could each
 * hold half of the chip and wait for ever; those of {@link Lanes} have room for all their blocks at once. The context's stream has
 * the higher priority, so that the recurrence's blocks come first wherever a multiprocessor becomes free.
 */
public final class SideStream implements AutoCloseable {
    private final CudaContext context;
    private final Stream stream;
    private final Event forked;
    private final Event done;
    private CublasLt products;
    private boolean open;
    private boolean serial;
    private boolean held;

    private SideStream(CudaContext context) {
        this.context = context;
        this.stream = new Stream(context);
        this.forked = new Event(context);
        this.done = new Event(context);
    }

    /** The one of a context, made on first use, which may not be within a recording. */
    public static SideStream of(CudaContext context) {
        return context.attached(SideStream.class, SideStream::new);
    }

    /** For tests and measurements, before anything is prepared: has all that comes here run in order on the context's stream. */
    public void serialize() {
        serial = true;
    }

    /** The stream's handle. */
    public long handle() {
        return serial ? context.stream() : stream.handle();
    }

    /** Matrix products on this stream. */
    public CublasLt products() {
        if (serial) {
            return CublasLt.of(context);
        }
        if (products == null) {
            products = new CublasLt(context, stream.handle());
        }
        return products;
    }

    /** What is queued here from now on comes after all that the context's stream holds now. */
    public void fork() {
        fork(context.stream());
    }

    /** What is queued here from now on comes after all that another stream of the context, or its own, holds now. */
    public void fork(long behind) {
        if (behind != handle()) {
            forked.record(behind);
            forked.awaitOn(handle());
        }
        open = !serial;
    }

    /** What is queued on the context's stream from now on comes after all that is queued here; nothing if nothing is. */
    public void join() {
        if (open) {
            open = false;
            done.record(stream.handle());
            done.awaitOn(context.stream());
        }
    }

    /** Joins, unless the caller is within {@link #held}. */
    public void settle() {
        if (!held) {
            join();
        }
    }

    /** Has {@code work} queue what it queues without its {@link #settle}: the caller joins. */
    public void held(Runnable work) {
        held = true;
        try {
            work.run();
        } finally {
            held = false;
        }
    }

    /** Forgets a fork within a recording that was given up. */
    void abandon() {
        open = false;
    }

    @Override
    public void close() {
        context.quietly(api -> api.streamSynchronize(stream.handle()));
        if (products != null) {
            products.close();
        }
        done.close();
        forked.close();
        stream.close();
    }
}
