package dev.fusedrnn.internal.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * One CUDA device as this library uses it: a stream, memory, pinned staging, recording, and one place where every status
 * is looked at. Confined to one thread at a time; the calling thread's current device is set on every entry.
 *
 * <p>Once a kernel has broken the context, every call but {@link #close} answers with the first such failure as its cause.
 */
public final class CudaContext implements AutoCloseable {
    private final CudaApi api;
    private final int ordinal;
    private final Failures failures;
    private final Map<Class<?>, AutoCloseable> attached = new HashMap<>();
    private final Deque<AutoCloseable> closeOrder = new ArrayDeque<>();
    private final List<Runnable> checks = new ArrayList<>();
    private final long stream;
    private final PinnedRing staging;
    private RuntimeException lost;
    private boolean closed;
    private boolean capturing;
    private long failIn;

    /** Opens device {@code ordinal}. */
    public CudaContext(CudaApi api, int ordinal, Failures failures) {
        this.api = api;
        this.ordinal = ordinal;
        this.failures = failures;
        enter();
        long[] created = new long[1];
        check(api.streamCreate(created, true), "cudaStreamCreateWithPriority");
        this.stream = created[0];
        this.staging = new PinnedRing(this);
    }

    /**
     * The context behind a device.
     *
     * @throws IllegalArgumentException if it is no CUDA device
     */
    public static CudaContext of(Object device) {
        if (device instanceof CudaBacked backed) {
            return backed.context();
        }
        throw new IllegalArgumentException(device + " is not a CUDA device");
    }

    /** The raw calls; every status must go through {@link #check}. */
    public CudaApi api() {
        return api;
    }

    /** The device's number. */
    public int ordinal() {
        return ordinal;
    }

    /** Handle of the stream all work is queued on. */
    public long stream() {
        return stream;
    }

    /** Must begin every call that reaches CUDA: throws if the context is closed or lost, and selects the device. */
    public void enter() {
        if (lost != null) {
            throw failures.deviceLost("a call after the device was lost", "see the cause", lost);
        }
        if (closed) {
            throw new IllegalStateException("device cuda:" + ordinal + " is closed");
        }
        check(api.setDevice(ordinal), "cudaSetDevice");
    }

    /** Throws unless {@code status}, a {@code cudaError_t}, is success. */
    public void check(int status, String call) {
        if (status != CudaStatus.SUCCESS) {
            throw failure(status, call, 0);
        }
    }

    /**
     * The exception for a CUDA library's own status, after asking the runtime whether the device is still there.
     *
     * @param memory whether the library said that it had too little memory
     * @param unsupported whether the library said that it cannot do this
     */
    public RuntimeException libraryFailure(String call, String status, boolean memory, boolean unsupported) {
        int pending = pendingError();
        if (CudaStatus.of(pending) == CudaStatus.LOST) {
            return failure(pending, call + " (" + status + ")", 0);
        }
        if (memory || CudaStatus.of(pending) == CudaStatus.MEMORY) {
            return failures.outOfMemory(call + " (" + status + ")", 0, freeBytes());
        }
        return unsupported ? failures.unsupported(call + ": " + status) : failures.internal(call, status);
    }

    /** The exception for something that cannot be done on this device. */
    public RuntimeException unsupported(String reason) {
        return failures.unsupported(reason);
    }

    /** Takes device memory; at least one byte, aligned to 256 bytes. */
    public long allocate(long bytes) {
        enter();
        requireNotCapturing("an allocation");
        long wanted = Math.max(1, bytes);
        if (failIn > 0 && --failIn == 0) {
            throw failures.outOfMemory("cudaMalloc (failed on request)", wanted, freeBytes());
        }
        long[] address = new long[1];
        int status = api.malloc(address, wanted);
        if (status != CudaStatus.SUCCESS) {
            throw failure(status, "cudaMalloc", wanted);
        }
        return address[0];
    }

    /** Gives back device memory, after the work queued before has finished; does nothing if the device is lost. */
    public void free(long address) {
        if (address != 0) {
            quietly(calls -> calls.free(address));
        }
    }

    /** For tests: makes the {@code k}-th allocation from now fail as if memory were exhausted; 0 for none. */
    public void failAllocation(long k) {
        failIn = k;
    }

    /** Whether a failure asked for by {@link #failAllocation} has not happened yet. */
    public boolean isFailurePending() {
        return failIn > 0;
    }

    /** Bytes the device has free, or 0 if it cannot be asked. */
    public long freeBytes() {
        long[] freeAndTotal = new long[2];
        if (lost == null && api.memoryInfo(freeAndTotal) != CudaStatus.SUCCESS) {
            api.lastError();
        }
        return freeAndTotal[0];
    }

    /** Queues setting {@code bytes} bytes. */
    public void fill(long address, byte value, long bytes) {
        enter();
        if (bytes > 0) {
            check(api.setAsync(address, value, bytes, stream), "cudaMemsetAsync");
        }
    }

    /** Queues a copy within the device; the blocks must not overlap. */
    public void copy(long from, long to, long bytes) {
        enter();
        if (bytes > 0 && from != to) {
            check(api.copyAsync(to, from, bytes, CudaApi.COPY_ON_DEVICE, stream), "cudaMemcpyAsync");
        }
    }

    /** Queues a copy from host memory, which may be reused when the call returns. */
    public void upload(long hostAddress, long deviceAddress, long bytes) {
        enter();
        requireNotCapturing("an upload");
        staging.upload(hostAddress, deviceAddress, bytes);
    }

    /** Copies to host memory and waits for it. */
    public void download(long deviceAddress, long hostAddress, long bytes) {
        enter();
        requireNotCapturing("a download");
        joinSide();
        if (bytes > 0) {
            check(api.copyAsync(hostAddress, deviceAddress, bytes, CudaApi.COPY_TO_HOST, stream), "cudaMemcpyAsync");
        }
        synchronize();
    }

    /** Waits until all work queued on the stream has finished. */
    public void synchronize() {
        enter();
        requireNotCapturing("waiting");
        joinSide();
        check(api.streamSynchronize(stream), "cudaStreamSynchronize");
        checks.forEach(Runnable::run);
    }

    /** Has {@code check} run whenever the stream has been waited for. */
    public void afterSynchronize(Runnable check) {
        checks.add(check);
    }

    /** Whether a {@link Graph} is being recorded. */
    public boolean isCapturing() {
        return capturing;
    }

    /**
     * The one object of a type that belongs to this context, made on first use and closed with it: library handles and
     * what engines remember about the device.
     */
    public <T extends AutoCloseable> T attached(Class<T> type, Function<CudaContext, T> make) {
        AutoCloseable found = attached.get(type);
        if (found == null) {
            enter();
            requireNotCapturing("the first use of " + type.getSimpleName());
            found = make.apply(this);
            attached.put(type, found);
            closeOrder.push(found);
        }
        return type.cast(found);
    }

    /** Makes a call whose failure interests nobody, as when something is freed. */
    public void quietly(ToIntFunction<CudaApi> call) {
        if (lost == null
                && api.setDevice(ordinal) == CudaStatus.SUCCESS
                && call.applyAsInt(api) != CudaStatus.SUCCESS) {
            api.lastError();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        quietly(calls -> calls.streamSynchronize(stream));
        for (AutoCloseable part : closeOrder) {
            closeQuietly(part);
        }
        staging.close();
        quietly(calls -> calls.streamDestroy(stream));
        closed = true;
    }

    /** Makes the context's stream wait for what is queued on its {@link SideStream}, if there is any. */
    public void joinSide() {
        if (attached.get(SideStream.class) instanceof SideStream side) {
            side.join();
        }
    }

    void beginCapture() {
        enter();
        requireNotCapturing("another recording");
        joinSide();
        check(api.captureBegin(stream), "cudaStreamBeginCapture");
        capturing = true;
    }

    long endCapture() {
        joinSide();
        capturing = false;
        long[] graph = new long[1];
        check(api.captureEnd(graph, stream), "cudaStreamEndCapture");
        return graph[0];
    }

    void abandonCapture() {
        capturing = false;
        if (attached.get(SideStream.class) instanceof SideStream side) {
            side.abandon();
        }
        long[] graph = new long[1];
        quietly(calls -> calls.captureEnd(graph, stream));
        if (graph[0] != 0) {
            quietly(calls -> calls.graphDestroy(graph[0]));
        }
    }

    void requireNotCapturing(String what) {
        if (capturing) {
            throw new IllegalStateException(what + " cannot be recorded in a CUDA graph");
        }
    }

    private RuntimeException failure(int status, String call, long wanted) {
        String text = api.describe(status);
        CudaStatus meaning = CudaStatus.of(status);
        if (meaning != CudaStatus.LOST) {
            int pending = pendingError();
            if (CudaStatus.of(pending) == CudaStatus.LOST) {
                meaning = CudaStatus.LOST;
                text = api.describe(pending);
            }
        }
        if (meaning == CudaStatus.LOST) {
            RuntimeException lostNow = failures.deviceLost(call, text, lost);
            if (lost == null) {
                lost = lostNow;
            }
            return lostNow;
        }
        return meaning == CudaStatus.MEMORY
                ? failures.outOfMemory(call, wanted, freeBytes())
                : failures.internal(call, text);
    }

    /** Clears the pending error and asks whether one stays: only execution errors do. */
    private int pendingError() {
        int first = api.lastError();
        if (capturing) {
            return first;
        }
        int second = api.deviceSynchronize();
        return second == CudaStatus.SUCCESS ? first : second;
    }

    private static void closeQuietly(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception ignored) {
            // A library that cannot let go of a broken device has nothing left to free.
        }
    }
}
