package dev.fusedrnn.internal.fused;

/** Lays parts one after another in a block of device memory, each aligned for any kernel. */
public final class Offsets {
    private static final long ALIGNMENT = 256;

    private long total;

    /** Byte offset of the next part of {@code bytes} bytes. */
    public long next(long bytes) {
        long start = total;
        total = Math.addExact(total, Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        return start;
    }

    /** Bytes of all parts so far. */
    public long total() {
        return total;
    }
}
