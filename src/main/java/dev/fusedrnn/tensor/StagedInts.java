package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.PinnedBlock;
import dev.fusedrnn.internal.host.HostMemory;

/**
 * Integers in host memory on their way to a device, which fetches them by itself: a CUDA device from page-locked memory
 * while the host goes on.
 *
 * <p>{@link #put} may be called by any one thread at a time, all else by the device's thread alone. Between {@link #upload}
 * and {@link #await} nothing may be put.
 */
public final class StagedInts implements AutoCloseable {
    private final Device device;
    private final int length;
    private final PinnedBlock pinned;
    private final long address;
    private boolean closed;

    /** Takes the memory for {@code length} integers on their way to {@code device}. */
    public StagedInts(Device device, int length) {
        device.requireOpen();
        long bytes = Math.multiplyExact((long) length, (long) Integer.BYTES);
        this.device = device;
        this.length = length;
        this.pinned = device.isCuda() ? new PinnedBlock(CudaContext.of(device), bytes) : null;
        this.address = pinned == null ? HostMemory.allocate(bytes) : pinned.address();
        HostMemory.fill(address, bytes, (byte) 0);
    }

    /** Number of integers. */
    public int length() {
        return length;
    }

    /** Sets the integers from {@code at} on to the first {@code count} of {@code values}. */
    public void put(int at, int[] values, int count) {
        requireOpen();
        if (at < 0 || count < 0 || count > length - at) {
            throw new IllegalArgumentException(
                    "at, count: expected a part of " + length + " integers, found " + count + " from " + at);
        }
        HostMemory.put(address + (long) at * Integer.BYTES, values, 0, count);
    }

    /** Queues the transfer of all integers to a tensor of as many. */
    public void upload(Tensor target) {
        requireOpen();
        if (target.device() != device || target.dataType() != DataType.I32 || target.elements() != length) {
            throw new IllegalArgumentException(
                    "target must be I32 of " + length + " elements on " + device.name() + ", found " + target);
        }
        if (pinned == null) {
            HostMemory.copy(address, target.address(), target.byteSize());
        } else {
            pinned.upload(target.address(), target.byteSize());
        }
    }

    /** Waits until the last transfer has been made. */
    public void await() {
        requireOpen();
        if (pinned != null) {
            pinned.await();
        }
    }

    /** Frees the memory, after the last transfer. Closing twice is harmless. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (pinned == null) {
            HostMemory.free(address);
        } else {
            pinned.close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("staged integers are closed");
        }
    }
}
