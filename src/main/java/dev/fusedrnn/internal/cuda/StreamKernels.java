package dev.fusedrnn.internal.cuda;

import java.util.HashMap;
import java.util.Map;

/** One {@link NativeKernels} for each stream of a context, which all that is prepared on that stream shares with its memory. */
public final class StreamKernels implements AutoCloseable {
    private final CudaContext context;
    private final Map<Long, NativeKernels> byStream = new HashMap<>();

    private StreamKernels(CudaContext context) {
        this.context = context;
    }

    /** The kernels on a stream of a context, made on first use, which may not be within a recording; they close with the context. */
    public static NativeKernels of(CudaContext context, long stream) {
        StreamKernels all = context.attached(StreamKernels.class, StreamKernels::new);
        return all.byStream.computeIfAbsent(stream, handle -> new NativeKernels(all.context, handle));
    }

    @Override
    public void close() {
        byStream.values().forEach(NativeKernels::close);
        byStream.clear();
    }
}
