package dev.fusedrnn.internal.host;

/** A block of host memory that grows to the largest size asked for and is then reused. */
public final class HostScratch implements AutoCloseable {
    private long address;
    private long capacity;

    /** The address of at least {@code bytes} bytes; what an earlier call returned is no longer valid. */
    public long require(long bytes) {
        if (bytes > capacity) {
            close();
            address = HostMemory.allocate(bytes);
            capacity = bytes;
        }
        return address;
    }

    /** Bytes held. */
    public long bytes() {
        return capacity;
    }

    /** Frees the block. Closing twice is harmless. */
    @Override
    public void close() {
        if (capacity > 0) {
            HostMemory.free(address);
            capacity = 0;
            address = 0;
        }
    }
}
