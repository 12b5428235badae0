package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Lanes;
import dev.fusedrnn.internal.cuda.SideStream;

/**
 * One of the queues an execution puts its work on, with matrix products and native calls of its own.
 *
 * @param stream its handle
 */
public record WorkQueue(long stream, CublasLt products, NativeCalls calls) implements AutoCloseable {
    /** One of the lanes, of which the first is the context's own stream; the lane has to be there. */
    public static WorkQueue lane(CudaContext context, int lane) {
        Lanes lanes = Lanes.of(context);
        long stream = lanes.handle(lane);
        return new WorkQueue(stream, lanes.products(lane), new NativeCalls(context, stream));
    }

    /** The stream beside it. */
    public static WorkQueue side(CudaContext context) {
        SideStream side = SideStream.of(context);
        return new WorkQueue(side.handle(), side.products(), new NativeCalls(context, side.handle()));
    }

    @Override
    public void close() {
        calls.close();
    }
}
