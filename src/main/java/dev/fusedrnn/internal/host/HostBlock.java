package dev.fusedrnn.internal.host;

import org.bytedeco.javacpp.Pointer;

/**
 * Small host memory for the structs and out-parameters of native calls, taken piece by piece and given back as a whole. It
 * replaces JavaCPP's own allocations, which fail when the whole process, CUDA included, has grown beyond a multiple of
 * the Java heap.
 */
public final class HostBlock implements AutoCloseable {
    private final long start;
    private final long bytes;
    private long used;
    private boolean closed;

    /** Takes {@code bytes} bytes, all zero. */
    public HostBlock(long bytes) {
        this.bytes = bytes;
        this.start = HostMemory.allocate(bytes);
        HostMemory.fill(start, bytes, (byte) 0);
    }

    /**
     * The next {@code wanted} bytes, at a multiple of {@link HostMemory#ALIGNMENT}.
     *
     * @throws IllegalStateException if the block is used up
     */
    public Pointer take(long wanted) {
        if (wanted > bytes - used) {
            throw new IllegalStateException(
                    "a block of " + bytes + " bytes has " + (bytes - used) + " left, wanted " + wanted);
        }
        Piece piece = new Piece(start + used);
        used += (wanted + HostMemory.ALIGNMENT - 1) / HostMemory.ALIGNMENT * HostMemory.ALIGNMENT;
        return piece;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            HostMemory.free(start);
        }
    }

    private static final class Piece extends Pointer {
        Piece(long address) {
            this.address = address;
        }
    }
}
