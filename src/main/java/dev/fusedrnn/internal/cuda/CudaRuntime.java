package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.natives.NativeDevice;
import dev.fusedrnn.internal.natives.NativeLibrary;
import java.util.List;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;

/**
 * Whether this process can use CUDA, and if not, why. Our own native library asks for a driver and a device first; only
 * then are NVIDIA's libraries looked for and the presets' classes touched, because those cannot be loaded without a driver.
 */
public final class CudaRuntime {
    private static final int MAJOR = 13;

    private final CudaApi api;
    private final List<NativeDevice> devices;
    private final List<String> reasons;

    private CudaRuntime(CudaApi api, List<NativeDevice> devices, List<String> reasons) {
        this.api = api;
        this.devices = List.copyOf(devices);
        this.reasons = List.copyOf(reasons);
    }

    /** The answer for this process, found at the first call. */
    public static CudaRuntime get() {
        return Holder.FOUND;
    }

    /** Whether devices can be opened. */
    public boolean isAvailable() {
        return reasons.isEmpty();
    }

    /** One sentence per missing piece; empty if available. */
    public List<String> reasons() {
        return reasons;
    }

    /** All devices of the machine, also when they cannot be used. */
    public List<NativeDevice> devices() {
        return devices;
    }

    /** The calls of the CUDA runtime; null if not available. */
    public CudaApi api() {
        return api;
    }

    private static CudaRuntime find() {
        NativeLibrary own = NativeLibrary.get();
        List<NativeDevice> devices = own.probe().devices();
        if (!own.usable()) {
            return new CudaRuntime(null, devices, List.of(own.reason()));
        }
        CudaLibraries libraries = new CudaLibraries();
        List<String> missing =
                List.of(libraries.load(CudaLibraries.RUNTIME), libraries.load(CudaLibraries.BLAS)).stream()
                        .filter(reason -> !reason.isEmpty())
                        .toList();
        if (!missing.isEmpty()) {
            return new CudaRuntime(null, devices, missing);
        }
        String reason = bind();
        return reason.isEmpty()
                ? new CudaRuntime(new PresetCuda(), devices, List.of())
                : new CudaRuntime(null, devices, List.of(reason));
    }

    /** Loads the presets' own libraries and compares versions; returns why that failed, or an empty text. */
    private static String bind() {
        try {
            int[] version = new int[1];
            int status = cudart.cudaRuntimeGetVersion(version);
            if (status != CudaStatus.SUCCESS || version[0] / 1000 != MAJOR) {
                return "the CUDA runtime library is version " + version[0] / 1000 + "." + version[0] % 1000 / 10
                        + ", this build needs " + MAJOR;
            }
            long blas = cublas.cublasLtGetVersion();
            return blas / 10000 == MAJOR ? "" : "cuBLASLt is version " + blas / 10000 + ", this build needs " + MAJOR;
        } catch (LinkageError failed) {
            return "the CUDA binding could not be loaded: " + failed;
        }
    }

    private static final class Holder {
        static final CudaRuntime FOUND = find();
    }
}
