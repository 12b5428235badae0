package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;

/** Work that becomes a CUDA graph at its second run; within somebody else's recording it becomes part of that. */
final class CudaRecording implements Recording {
    private final CudaContext context;
    private final Runnable work;
    private boolean warm;
    private Graph graph;

    CudaRecording(CudaContext context, Runnable work) {
        this.context = context;
        this.work = work;
    }

    @Override
    public void run() {
        if (!warm || context.isCapturing()) {
            work.run();
            warm = true;
            return;
        }
        if (graph == null) {
            graph = Graph.capture(context, work);
        }
        graph.launch();
    }

    @Override
    public void close() {
        if (graph != null) {
            graph.close();
            graph = null;
        }
    }
}
