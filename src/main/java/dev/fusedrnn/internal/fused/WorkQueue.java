package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.SideStream;

/**
 * One of the two queues an execution puts its work on, with matrix products and native calls of its own.
 *
 * @param stream its handle
 */
public record WorkQueue(long stream, CublasLt products, NativeCalls calls) implements AutoCloseable {
    /** The context's own stream. */
    public static WorkQueue main(CudaContext context) {
        return new WorkQueue(context.stream(), CublasLt.of(context), new NativeCalls(context));
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
