package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Recorded passes by the addresses they work on. A pass is recorded when the same addresses come a second time, so that
 * buffers that never come back cost no recording.
 */
final class Replays implements AutoCloseable {
    /** Double buffering of inputs and outputs gives two sets of addresses; twice that is plenty. */
    private static final int MOST = 4;

    private final CudaContext context;
    private final Map<List<Long>, Graph> graphs = new LinkedHashMap<>(MOST, 0.75f, true);
    private final List<List<Long>> seen = new ArrayList<>();

    Replays(CudaContext context) {
        this.context = context;
    }

    /** Runs {@code pass}, as a graph if it has been seen with this key before and nobody else is recording. */
    void run(List<Long> key, Runnable pass) {
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
