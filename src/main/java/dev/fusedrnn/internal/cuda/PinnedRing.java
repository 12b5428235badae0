package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostMemory;

/**
 * Page-locked host memory through which uploads pass: the device reads one slot while the next is being filled, and the
 * caller's memory is free again as soon as its bytes are in a slot.
 */
final class PinnedRing implements AutoCloseable {
    /** Large enough that a copy's start-up cost vanishes beside its transfer, small enough to be taken without asking. */
    private static final long SLOT_BYTES = 4L << 20;

    private static final int SLOTS = 4;

    private final CudaContext context;
    private final Event[] copied = new Event[SLOTS];
    private final boolean[] busy = new boolean[SLOTS];
    private long memory;
    private int next;

    PinnedRing(CudaContext context) {
        this.context = context;
    }

    void upload(long hostAddress, long deviceAddress, long bytes) {
        for (long done = 0; done < bytes; done += SLOT_BYTES) {
            long count = Math.min(SLOT_BYTES, bytes - done);
            int slot = takeSlot();
            long pinned = memory + slot * SLOT_BYTES;
            HostMemory.copy(hostAddress + done, pinned, count);
            context.check(
                    context.api()
                            .copyAsync(deviceAddress + done, pinned, count, CudaApi.COPY_TO_DEVICE, context.stream()),
                    "cudaMemcpyAsync");
            copied[slot].record();
            busy[slot] = true;
        }
    }

    @Override
    public void close() {
        for (Event event : copied) {
            if (event != null) {
                event.close();
            }
        }
        if (memory != 0) {
            long block = memory;
            context.quietly(api -> api.freeHost(block));
            memory = 0;
        }
    }

    private int takeSlot() {
        if (memory == 0) {
            long[] address = new long[1];
            context.check(context.api().mallocHost(address, SLOTS * SLOT_BYTES), "cudaMallocHost");
            memory = address[0];
        }
        int slot = next;
        next = (next + 1) % SLOTS;
        if (copied[slot] == null) {
            copied[slot] = new Event(context);
        }
        if (busy[slot]) {
            copied[slot].synchronize();
            busy[slot] = false;
        }
        return slot;
    }
}
