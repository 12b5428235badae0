package dev.fusedrnn.internal.cuda;

/**
 * Recorded device work that can be launched again at little cost. Recording runs the Java code once without running
 * the kernels; addresses and sizes are those of the recording, values in device memory those of the launch.
 */
public final class Graph implements AutoCloseable {
    private final CudaContext context;
    private final long nodes;
    private long executable;

    private Graph(CudaContext context, long executable, long nodes) {
        this.context = context;
        this.executable = executable;
        this.nodes = nodes;
    }

    /**
     * Records what {@code work} queues on the context's stream. The work must not allocate, wait or copy to or from the
     * host.
     */
    public static Graph capture(CudaContext context, Runnable work) {
        long graph = record(context, work);
        try {
            long[] count = new long[1];
            context.check(context.api().graphNodes(count, graph), "cudaGraphGetNodes");
            long[] created = new long[1];
            context.check(context.api().graphInstantiate(created, graph), "cudaGraphInstantiate");
            return new Graph(context, created[0], count[0]);
        } finally {
            context.quietly(api -> api.graphDestroy(graph));
        }
    }

    /** Records {@code work} again into this graph; false, and nothing changed, if its shape is another one. */
    public boolean update(Runnable work) {
        long graph = record(context, work);
        try {
            int status = context.api().graphUpdate(executable, graph);
            if (CudaStatus.of(status) == CudaStatus.FAILED) {
                context.api().lastError();
                return false;
            }
            context.check(status, "cudaGraphExecUpdate");
            return true;
        } finally {
            context.quietly(api -> api.graphDestroy(graph));
        }
    }

    /** Queues all recorded work. */
    public void launch() {
        context.enter();
        if (executable == 0) {
            throw new IllegalStateException("the graph is closed");
        }
        // The graph's branches use the same workspaces as what is queued beside it.
        context.joinSide();
        context.check(context.api().graphLaunch(executable, context.stream()), "cudaGraphLaunch");
    }

    /** Number of recorded operations. */
    public long nodes() {
        return nodes;
    }

    @Override
    public void close() {
        if (executable != 0) {
            long handle = executable;
            context.quietly(api -> api.executableDestroy(handle));
            executable = 0;
        }
    }

    private static long record(CudaContext context, Runnable work) {
        context.beginCapture();
        try {
            work.run();
        } catch (RuntimeException | Error wrong) {
            context.abandonCapture();
            throw wrong;
        }
        return context.endCapture();
    }
}
