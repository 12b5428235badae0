package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostMemory;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * CUDA without a GPU: "device" memory is host memory and work is done at once. It counts what is alive, can make the k-th
 * call fail, and can lose the device.
 */
public final class FakeCuda implements CudaApi {
    public static final int INVALID_VALUE = 1;
    public static final int MEMORY_ALLOCATION = 2;
    public static final int ILLEGAL_ADDRESS = 700;

    private final Map<Long, Long> blocks = new HashMap<>();
    private final Set<Long> streams = new TreeSet<>();
    private final Set<Long> events = new TreeSet<>();
    private final Set<Long> graphs = new TreeSet<>();
    private long nextHandle = 0x1000;
    private long capacity = Long.MAX_VALUE;
    private long used;
    private int calls;
    private int failAt = -1;
    private int failWith;
    private int pending;
    private int sticky;

    /** Memory of the device; more cannot be taken. */
    public void capacity(long bytes) {
        capacity = bytes;
    }

    /** The k-th call from now answers {@code status}. */
    public void failCall(int k, int status) {
        calls = 0;
        failAt = k;
        failWith = status;
    }

    /** No failures any more. */
    public void heal() {
        failAt = -1;
    }

    /** Whether the failure asked for has not happened yet. */
    public boolean isFailurePending() {
        return failAt > calls;
    }

    /** From now on everything fails with an execution error. */
    public void lose() {
        sticky = ILLEGAL_ADDRESS;
    }

    /** Calls since {@link #failCall}. */
    public int calls() {
        return calls;
    }

    /** Blocks, streams, events and graphs that exist. */
    public int alive() {
        return blocks.size() + streams.size() + events.size() + graphs.size();
    }

    private int answer() {
        calls++;
        if (sticky != 0) {
            return sticky;
        }
        if (calls == failAt) {
            pending = failWith;
            return failWith;
        }
        return CudaStatus.SUCCESS;
    }

    private int create(Set<Long> set, long[] handle) {
        int status = answer();
        if (status == CudaStatus.SUCCESS) {
            handle[0] = nextHandle++;
            set.add(handle[0]);
        }
        return status;
    }

    private int destroy(Set<Long> set, long handle) {
        int status = answer();
        if (status == CudaStatus.SUCCESS && !set.remove(handle)) {
            throw new AssertionError("destroyed twice or never created: " + handle);
        }
        return status;
    }

    private int require(Set<Long> set, long handle) {
        if (!set.contains(handle)) {
            throw new AssertionError("not alive: " + handle);
        }
        return answer();
    }

    private int take(long[] address, long bytes) {
        int status = answer();
        if (status == CudaStatus.SUCCESS && bytes > capacity - used) {
            pending = MEMORY_ALLOCATION;
            return MEMORY_ALLOCATION;
        }
        if (status == CudaStatus.SUCCESS) {
            address[0] = HostMemory.allocate(bytes);
            blocks.put(address[0], bytes);
            used += bytes;
        }
        return status;
    }

    private int give(long address) {
        int status = answer();
        if (status == CudaStatus.SUCCESS) {
            Long bytes = blocks.remove(address);
            if (bytes == null) {
                throw new AssertionError("freed twice or never taken: " + address);
            }
            used -= bytes;
            HostMemory.free(address);
        }
        return status;
    }

    @Override
    public int setDevice(int ordinal) {
        return answer();
    }

    @Override
    public int deviceSynchronize() {
        return sticky;
    }

    @Override
    public int lastError() {
        int error = sticky != 0 ? sticky : pending;
        pending = 0;
        return error;
    }

    @Override
    public String describe(int error) {
        return "error " + error;
    }

    @Override
    public int memoryInfo(long[] freeAndTotal) {
        freeAndTotal[0] = capacity - used;
        freeAndTotal[1] = capacity;
        return sticky;
    }

    @Override
    public int malloc(long[] address, long bytes) {
        return take(address, bytes);
    }

    @Override
    public int free(long address) {
        return give(address);
    }

    @Override
    public int mallocHost(long[] address, long bytes) {
        return take(address, bytes);
    }

    @Override
    public int freeHost(long address) {
        return give(address);
    }

    @Override
    public int copyAsync(long to, long from, long bytes, int kind, long stream) {
        int status = require(streams, stream);
        if (status == CudaStatus.SUCCESS) {
            HostMemory.copy(from, to, bytes);
        }
        return status;
    }

    @Override
    public int copyRowsAsync(long to, long toPitch, long from, long fromPitch, long width, long rows, long stream) {
        int status = require(streams, stream);
        for (long row = 0; status == CudaStatus.SUCCESS && row < rows; row++) {
            HostMemory.copy(from + row * fromPitch, to + row * toPitch, width);
        }
        return status;
    }

    @Override
    public int setAsync(long to, byte value, long bytes, long stream) {
        int status = require(streams, stream);
        if (status == CudaStatus.SUCCESS) {
            HostMemory.fill(to, bytes, value);
        }
        return status;
    }

    @Override
    public int streamCreate(long[] stream, boolean urgent) {
        return create(streams, stream);
    }

    @Override
    public int streamDestroy(long stream) {
        return destroy(streams, stream);
    }

    @Override
    public int streamSynchronize(long stream) {
        return require(streams, stream);
    }

    @Override
    public int streamWaitEvent(long stream, long event) {
        require(events, event);
        return require(streams, stream);
    }

    @Override
    public int eventCreate(long[] event) {
        return create(events, event);
    }

    @Override
    public int eventDestroy(long event) {
        return destroy(events, event);
    }

    @Override
    public int eventRecord(long event, long stream) {
        return require(events, event);
    }

    @Override
    public int eventSynchronize(long event) {
        return require(events, event);
    }

    @Override
    public int eventElapsed(float[] milliseconds, long from, long to) {
        milliseconds[0] = 1;
        return require(events, from);
    }

    @Override
    public int captureBegin(long stream) {
        return require(streams, stream);
    }

    @Override
    public int captureEnd(long[] graph, long stream) {
        return create(graphs, graph);
    }

    @Override
    public int graphDestroy(long graph) {
        return destroy(graphs, graph);
    }

    @Override
    public int graphNodes(long[] count, long graph) {
        count[0] = 1;
        return require(graphs, graph);
    }

    @Override
    public int graphInstantiate(long[] executable, long graph) {
        return create(graphs, executable);
    }

    @Override
    public int graphUpdate(long executable, long graph) {
        return require(graphs, executable);
    }

    @Override
    public int graphLaunch(long executable, long stream) {
        return require(graphs, executable);
    }

    @Override
    public int executableDestroy(long executable) {
        return destroy(graphs, executable);
    }
}
