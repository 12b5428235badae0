package dev.fusedrnn.internal.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Queues of a context's work whose recurrences may run at the same time. Lane 0 is the context's own stream; the others have
 * its priority, and matrix products of their own, since a workspace serves one stream at a time.
 *
 * <p>Blocks of a recurrence wait for each other. Two recurrences that each got a part of their blocks and wait for the
 * multiprocessors of the other would wait for ever. This cannot happen as long as whoever uses so many lanes plans each
 * recurrence for its share of the device: a lane runs one at a time, so that at no time there are more than fit at once. What
 * runs besides, on the {@link SideStream} and products between recurrences, ends by itself. Besides, a launch whose blocks
 * all wait for each other is cooperative, and where only the blocks of a cluster do, hardware starts these together.
 */
public final class Lanes implements AutoCloseable {
    private record Lane(Stream stream, CublasLt products, Event done) {}

    private final CudaContext context;
    private final Event forked;
    private final List<Lane> others = new ArrayList<>();

    private Lanes(CudaContext context) {
        this.context = context;
        this.forked = new Event(context);
    }

    /** Those of a context. */
    public static Lanes of(CudaContext context) {
        return context.attached(Lanes.class, Lanes::new);
    }

    /** Makes lanes below {@code count} that are not there yet; not within a recording. */
    public void makeRoom(int count) {
        while (others.size() < count - 1) {
            Stream stream = new Stream(context, true);
            others.add(new Lane(stream, new CublasLt(context, stream.handle()), new Event(context)));
        }
    }

    /** Handle of a lane's stream. */
    public long handle(int lane) {
        return lane == 0 ? context.stream() : others.get(lane - 1).stream().handle();
    }

    /** Matrix products on a lane. */
    public CublasLt products(int lane) {
        return lane == 0 ? CublasLt.of(context) : others.get(lane - 1).products();
    }

    /** What is queued on the first {@code count} lanes from now on comes after all that lane 0 holds now. */
    public void fork(int count) {
        forked.record();
        for (int lane = 1; lane < count; lane++) {
            forked.awaitOn(handle(lane));
        }
    }

    /** What is queued on lane 0 from now on comes after all that the first {@code count} lanes hold now. */
    public void join(int count) {
        for (Lane lane : others.subList(0, count - 1)) {
            lane.done().record(lane.stream().handle());
            lane.done().awaitOn(context.stream());
        }
    }

    @Override
    public void close() {
        for (Lane lane : others) {
            context.quietly(api -> api.streamSynchronize(lane.stream().handle()));
            lane.products().close();
            lane.done().close();
            lane.stream().close();
        }
        forked.close();
    }
}
