package dev.fusedrnn.engine.measure;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Event;

/** Device time of queued work. */
public final class Stopwatch implements AutoCloseable {
    private final Event begin;
    private final Event end;

    /** A clock of the device, on its main stream. */
    public Stopwatch(CudaContext context) {
        this.begin = new Event(context);
        this.end = new Event(context);
    }

    /** Milliseconds the device needs for {@code work}; waits for it. */
    public float time(Runnable work) {
        begin.record();
        work.run();
        end.record();
        end.synchronize();
        return end.millisecondsSince(begin);
    }

    @Override
    public void close() {
        begin.close();
        end.close();
    }
}
