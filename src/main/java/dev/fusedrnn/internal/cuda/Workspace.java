package dev.fusedrnn.internal.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Scratch memory that grows to the largest size asked for. Smaller blocks are kept until the end, because a recorded
 * graph may still use them; each block at least doubles the last, so they never hold more than the largest.
 */
public final class Workspace implements AutoCloseable {
    private static final long LEAST_BYTES = 1L << 16;

    private final CudaContext context;
    private final List<Long> blocks = new ArrayList<>();
    private long current;
    private long size;

    /** No memory yet. */
    public Workspace(CudaContext context) {
        this.context = context;
    }

    /** The address of at least {@code bytes} bytes, the same until more are asked for. */
    public long atLeast(long bytes) {
        if (bytes > size) {
            long wanted = Math.max(bytes, Math.max(LEAST_BYTES, 2 * size));
            current = context.allocate(wanted);
            size = wanted;
            blocks.add(current);
        }
        return current;
    }

    @Override
    public void close() {
        blocks.forEach(context::free);
        blocks.clear();
        size = 0;
        current = 0;
    }
}
