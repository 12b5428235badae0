package dev.fusedrnn.internal.cudnn;

import dev.fusedrnn.internal.cuda.CudaLibraries;
import dev.fusedrnn.internal.cuda.CudaRuntime;
import org.bytedeco.cuda.global.cudnn;

/** Whether this process has cuDNN, and if not, why. */
public final class CudnnLibrary {
    private static final int MAJOR = 9;
    private static final int CUDA_MAJOR = 13;

    private final String reason;
    private final String version;

    private CudnnLibrary(String reason, String version) {
        this.reason = reason;
        this.version = version;
    }

    /** The answer for this process, found at the first call. */
    public static CudnnLibrary get() {
        return Holder.FOUND;
    }

    /** Why cuDNN cannot be used; empty if it can. */
    public String reason() {
        return reason;
    }

    /** Its version, as 9.19.0; empty if it cannot be used. */
    public String version() {
        return version;
    }

    /** Why a library of this version cannot be used by this binding; empty if it can. */
    static String versionReason(long version, long cudaVersion) {
        if (version / 10000 != MAJOR) {
            return "cuDNN is version " + text(version) + ", this build needs " + MAJOR;
        }
        if (cudaVersion / 1000 != CUDA_MAJOR) {
            return "cuDNN " + text(version) + " was built for CUDA " + cudaVersion / 1000 + ", this build needs "
                    + CUDA_MAJOR;
        }
        return "";
    }

    private static String text(long version) {
        return version / 10000 + "." + version % 10000 / 100 + "." + version % 100;
    }

    private static CudnnLibrary find() {
        CudaRuntime runtime = CudaRuntime.get();
        if (!runtime.isAvailable()) {
            return new CudnnLibrary(String.join("; ", runtime.reasons()), "");
        }
        CudaLibraries libraries = new CudaLibraries();
        // Without it cuDNN declines its dynamic algorithm, and nothing else.
        libraries.load(CudaLibraries.COMPILER);
        String missing = libraries.load(CudaLibraries.DNN);
        if (!missing.isEmpty()) {
            return new CudnnLibrary(missing, "");
        }
        try {
            long version = cudnn.cudnnGetVersion();
            return new CudnnLibrary(versionReason(version, cudnn.cudnnGetCudartVersion()), text(version));
        } catch (LinkageError failed) {
            return new CudnnLibrary("the binding of cuDNN could not be loaded: " + failed, "");
        }
    }

    private static final class Holder {
        static final CudnnLibrary FOUND = find();
    }
}
