package dev.fusedrnn.tensor;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Where memory lives and work is queued: the CPU, or one CUDA device with a stream of its own.
 *
 * <p>Threads: a device and everything allocated on it is confined to one thread at a time; passes, training and generation
 * that meet another thread's are refused. Work on a CUDA device is
 * queued and runs later; the calls that wait for it are {@link #synchronize()}, reading a tensor's values, and {@link
 * #close()}.
 */
public abstract sealed class Device implements AutoCloseable permits CpuDevice, CudaDevice {
    private final AtomicLong allocated = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();
    private final AtomicReference<Thread> user = new AtomicReference<>();
    private int uses;
    private boolean closed;

    Device() {}

    /**
     * The CPU of this machine.
     *
     * @throws UnsatisfiedLinkError if JavaCPP's native code cannot be loaded; the message says what is missing
     */
    public static Device cpu() {
        return new CpuDevice("");
    }

    /**
     * A CUDA device.
     *
     * @param ordinal CUDA's number of it, from 0
     * @throws GpuException.Unavailable with every reason why it cannot be used
     */
    public static Device cuda(int ordinal) {
        return CudaDevice.open(ordinal);
    }

    /** The first CUDA device that can be used, else the CPU, whose {@link #reason()} says why there is no GPU. */
    public static Device best() {
        return CudaDevice.openBest();
    }

    /**
     * The device of a name: {@code auto} for {@link #best()}, {@code cpu}, {@code cuda} for the first GPU, {@code cuda:I}.
     *
     * @throws IllegalArgumentException if the name is another one
     * @throws GpuException.Unavailable if a GPU is named that cannot be used
     */
    public static Device parse(String name) {
        if (name.equals("auto")) {
            return best();
        }
        if (name.equals("cpu")) {
            return cpu();
        }
        if (name.equals("cuda")) {
            return cuda(0);
        }
        if (name.matches("cuda:[0-9]{1,4}")) {
            return cuda(Integer.parseInt(name.substring("cuda:".length())));
        }
        throw new IllegalArgumentException("device must be auto, cpu, cuda or cuda:I, found \"" + name + "\"");
    }

    /** Why no CUDA device can be used by this process, one sentence per missing piece; empty if one can. */
    public static List<String> gpuReasons() {
        return CudaDevice.reasons();
    }

    /** The CUDA devices of this machine, one line each, also when they cannot be used. */
    public static List<String> gpus() {
        return CudaDevice.descriptions();
    }

    /** Whether memory of this device is CUDA memory. */
    public abstract boolean isCuda();

    /** A short name: {@code cpu}, {@code cuda:0}. */
    public abstract String name();

    /** What the device is, for reports. */
    public abstract String description();

    /** Why this device was taken although a GPU was asked for or could have been expected; empty if there is nothing to say. */
    public abstract String reason();

    /** A new tensor of zeros. */
    public final Tensor zeros(DataType dataType, long... extents) {
        Tensor tensor = allocate(dataType, extents);
        tensor.clear();
        return tensor;
    }

    /** A new tensor with unspecified content. */
    public final Tensor allocate(DataType dataType, long... extents) {
        requireOpen();
        Shape shape = Shape.of(extents);
        long bytes = Tensor.byteSize(dataType, shape);
        long address = allocateBytes(bytes);
        long now = allocated.addAndGet(bytes);
        peak.accumulateAndGet(now, Math::max);
        return new Tensor(this, dataType, shape, address, true);
    }

    /** A new tensor holding the given values, converted to {@code dataType}. */
    public final Tensor of(DataType dataType, float[] values, long... extents) {
        Tensor tensor = allocate(dataType, extents);
        try {
            tensor.copyFrom(values);
        } catch (RuntimeException | Error wrong) {
            tensor.close();
            throw wrong;
        }
        return tensor;
    }

    /** Bytes of all open tensors of this device. */
    public final long allocatedBytes() {
        return allocated.get();
    }

    /** The largest value {@link #allocatedBytes()} has had, ever or since {@link #resetPeakBytes()}. */
    public final long peakBytes() {
        return peak.get();
    }

    /** {@link #peakBytes()} begins anew at what is open now. */
    public final void resetPeakBytes() {
        peak.set(allocated.get());
    }

    /**
     * Begins work that another thread's would corrupt; {@link #leave} ends it. A thread may begin more while it works.
     *
     * @throws IllegalStateException naming the thread that is working on this device
     */
    public final void enter() {
        Thread current = Thread.currentThread();
        Thread other = user.get();
        if (other != current && !user.compareAndSet(null, current)) {
            throw new IllegalStateException("device " + name() + " is in use by "
                    + (other == null ? "another thread" : "thread " + other.getName()) + ", thread "
                    + current.getName() + " has to wait: a device and all on it belong to one thread at a time");
        }
        uses++;
    }

    /** Ends what {@link #enter} began. */
    public final void leave() {
        if (--uses == 0) {
            user.set(null);
        }
    }

    /** Waits until all queued work has finished. */
    public abstract void synchronize();

    /** Frees what the device itself holds. Closing twice is harmless; tensors must be closed before. */
    @Override
    public final void close() {
        if (!closed) {
            closed = true;
            release();
        }
    }

    final void requireOpen() {
        if (closed) {
            throw new IllegalStateException("device " + name() + " is closed");
        }
    }

    final boolean isClosed() {
        return closed;
    }

    final void free(long address, long bytes) {
        freeBytes(address, bytes);
        allocated.addAndGet(-bytes);
    }

    abstract long allocateBytes(long bytes);

    abstract void freeBytes(long address, long bytes);

    abstract void fillBytes(long address, long bytes, byte value);

    /** Copies {@code bytes} within this device. */
    abstract void copyBytes(long from, long to, long bytes);

    /** Queues a copy from host memory; the host memory may be reused when the call returns. */
    abstract void upload(long hostAddress, long deviceAddress, long bytes);

    /** Copies to host memory and waits for it. */
    abstract void download(long deviceAddress, long hostAddress, long bytes);

    abstract void release();

    @Override
    public final String toString() {
        return name();
    }
}
