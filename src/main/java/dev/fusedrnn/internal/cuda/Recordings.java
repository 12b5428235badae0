package dev.fusedrnn.internal.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Passes recorded as CUDA graphs, by a key that says what the queued work depends on. A pass runs directly the first time,
 * which also lets libraries load their kernels, is recorded when the same key comes again, so that buffers that never come
 * back cost no recording, and is replayed from then on.
 */
public final class Recordings implements AutoCloseable {
    /** Forward and backward passes on the few buffers a training loop alternates between. */
    private static final int MOST = 8;

    private final CudaContext context;
    private final Map<List<Long>, Graph> graphs = new LinkedHashMap<>(MOST, 0.75f, true);
    private final List<List<Long>> seen = new ArrayList<>();

    /** Recordings of the context's stream. */
    public Recordings(CudaContext context) {
        this.context = context;
    }

    /** Runs {@code pass}, as a graph if its key has been seen before; within somebody else's recording it joins that. */
    public void run(List<Long> key, Runnable pass) {
        if (context.isCapturing()) {
            pass.run();
            return;
        }
        Graph graph = graphs.get(key);
        if (graph == null && seen.remove(key)) {
            makeRoom();
            graph = Graph.capture(context, pass);
            graphs.put(key, graph);
        }
        if (graph != null) {
            graph.launch();
            return;
        }
        pass.run();
        seen.add(key);
        if (seen.size() > MOST) {
            seen.remove(0);
        }
    }

    private void makeRoom() {
        if (graphs.size() >= MOST) {
            context.synchronize();
            List<Long> oldest = graphs.keySet().iterator().next();
            graphs.remove(oldest).close();
        }
    }

    @Override
    public void close() {
        graphs.values().forEach(Graph::close);
        graphs.clear();
    }
}
