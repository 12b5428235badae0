package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.cuda.CudaApi;
import dev.fusedrnn.internal.cuda.CudaBacked;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaRuntime;
import dev.fusedrnn.internal.cuda.Failures;
import dev.fusedrnn.internal.natives.NativeDevice;
import java.util.ArrayList;
import java.util.List;

/** One CUDA device with a stream of its own. */
final class CudaDevice extends Device implements CudaBacked {
    private static final Failures FAILURES = new Failures() {
        @Override
        public RuntimeException outOfMemory(String call, long wanted, long free) {
            return new GpuException.OutOfMemory(call, wanted, free);
        }

        @Override
        public RuntimeException deviceLost(String call, String status, RuntimeException first) {
            return new GpuException.DeviceLost(call, status, first);
        }

        @Override
        public RuntimeException unsupported(String reason) {
            return new GpuException.Unsupported(reason);
        }

        @Override
        public RuntimeException internal(String call, String status) {
            return new GpuException.Internal(call, status);
        }
    };

    private final CudaContext context;
    private final String description;

    /** A device whose calls go to {@code api}. */
    CudaDevice(CudaApi api, int ordinal, String description) {
        this.context = new CudaContext(api, ordinal, FAILURES);
        this.description = description;
    }

    static CudaDevice open(int ordinal) {
        CudaRuntime runtime = CudaRuntime.get();
        if (!runtime.isAvailable()) {
            throw new GpuException.Unavailable("cuda:" + ordinal, runtime.reasons());
        }
        List<NativeDevice> devices = runtime.devices();
        if (ordinal < 0 || ordinal >= devices.size()) {
            throw new GpuException.Unavailable(
                    "cuda:" + ordinal,
                    List.of("this machine has " + devices.size() + " CUDA device(s), counted from 0"));
        }
        NativeDevice device = devices.get(ordinal);
        if (!device.runsHere()) {
            throw new GpuException.Unavailable("cuda:" + ordinal, List.of(foreign(device)));
        }
        return new CudaDevice(runtime.api(), ordinal, describe(device));
    }

    static Device openBest() {
        List<String> reasons = new ArrayList<>(reasons());
        if (reasons.isEmpty()) {
            for (NativeDevice device : CudaRuntime.get().devices()) {
                if (!device.runsHere()) {
                    reasons.add(foreign(device));
                    continue;
                }
                try {
                    return open(device.index());
                } catch (GpuException failed) {
                    reasons.add(failed.getMessage());
                }
            }
        }
        return new CpuDevice("no GPU is used: " + String.join("; ", reasons));
    }

    static List<String> reasons() {
        return CudaRuntime.get().reasons();
    }

    static List<String> descriptions() {
        return CudaRuntime.get().devices().stream().map(CudaDevice::describe).toList();
    }

    @Override
    public CudaContext context() {
        return context;
    }

    @Override
    public boolean isCuda() {
        return true;
    }

    @Override
    public String name() {
        return "cuda:" + context.ordinal();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public String reason() {
        return "";
    }

    @Override
    public void synchronize() {
        requireOpen();
        context.synchronize();
    }

    @Override
    long allocateBytes(long bytes) {
        return context.allocate(bytes);
    }

    @Override
    void freeBytes(long address, long bytes) {
        context.free(address);
    }

    @Override
    void fillBytes(long address, long bytes, byte value) {
        context.fill(address, value, bytes);
    }

    @Override
    void copyBytes(long from, long to, long bytes) {
        context.copy(from, to, bytes);
    }

    @Override
    void upload(long hostAddress, long deviceAddress, long bytes) {
        context.upload(hostAddress, deviceAddress, bytes);
    }

    @Override
    void download(long deviceAddress, long hostAddress, long bytes) {
        context.download(deviceAddress, hostAddress, bytes);
    }

    @Override
    void release() {
        context.close();
    }

    private static String describe(NativeDevice device) {
        return "cuda:" + device.index() + " " + device.name() + ", compute capability " + device.major() + "."
                + device.minor() + ", " + device.multiprocessors() + " multiprocessors, " + (device.memoryBytes() >> 20)
                + " MiB";
    }

    private static String foreign(NativeDevice device) {
        return "this build holds no code for " + describe(device);
    }
}
