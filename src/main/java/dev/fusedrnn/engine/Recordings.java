package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Passes recorded as CUDA graphs, one for each set of addresses. A pass runs directly the first time, which also lets
 * libraries load their kernels, is recorded the second time, and replayed from then on. While somebody else is recording
 * the stream, passes are simply queued and become part of that recording.
 */
final class Recordings implements AutoCloseable {
    /** Enough for the few buffers a training loop alternates between; a caller with ever new tensors stays unrecorded. */
    private static final int CAPACITY = 8;

    private static final int BACKWARD = 8;

    private final CudaContext context;
    private final Map<List<Long>, Graph> graphs = new LinkedHashMap<>(CAPACITY, 0.75f, true);

    Recordings(CudaContext context) {
        this.context = context;
    }

    /** Everything a recorded forward pass depends on besides values in device memory. */
    static List<Long> key(ForwardCall call) {
        return addresses(
                call.lengths() != null ? 1 : 0,
                call.parameters(),
                call.x(),
                call.hx(),
                call.cx(),
                call.random(),
                call.y(),
                call.hy(),
                call.cy(),
                call.reserve());
    }

    /** Everything a recorded backward pass depends on besides values in device memory. */
    static List<Long> key(BackwardCall call, boolean repack) {
        ForwardCall forward = call.forward();
        return addresses(
                (forward.lengths() != null ? 1 : 0) + (call.accumulate() ? 2 : 0) + (repack ? 4 : 0) + BACKWARD,
                forward.parameters(),
                forward.x(),
                forward.hx(),
                forward.cx(),
                forward.random(),
                forward.y(),
                forward.reserve(),
                call.dy(),
                call.dhy(),
                call.dcy(),
                call.dx(),
                call.dhx(),
                call.dcx(),
                call.dParameters());
    }

    void run(List<Long> key, Runnable work) {
        if (context.isCapturing()) {
            work.run();
        } else if (!graphs.containsKey(key)) {
            work.run();
            remember(key);
        } else {
            graphs.computeIfAbsent(key, unused -> Graph.capture(context, work)).launch();
        }
    }

    @Override
    public void close() {
        for (Graph graph : graphs.values()) {
            if (graph != null) {
                graph.close();
            }
        }
        graphs.clear();
    }

    private void remember(List<Long> key) {
        graphs.put(key, null);
        if (graphs.size() > CAPACITY) {
            List<Long> oldest = graphs.keySet().iterator().next();
            Graph graph = graphs.remove(oldest);
            if (graph != null) {
                graph.close();
            }
        }
    }

    private static List<Long> addresses(long flags, Tensor... tensors) {
        Long[] key = new Long[tensors.length + 1];
        key[0] = flags;
        for (int i = 0; i < tensors.length; i++) {
            key[i + 1] = tensors[i] == null ? 0L : tensors[i].address();
        }
        return Arrays.asList(key);
    }
}
