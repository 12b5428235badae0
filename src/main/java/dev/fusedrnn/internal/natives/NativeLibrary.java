package dev.fusedrnn.internal.natives;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/**
 * Our native library, or the reason why it is not there. Asking never throws, and works on machines without a driver, a
 * device, or the library itself. {@code FusedRnn} and the struct classes may be touched only if {@link #loaded()}.
 */
public final class NativeLibrary {
    private final String failure;
    private final String buildId;
    private final String architectures;
    private final NativeProbe probe;

    private NativeLibrary(String failure, String buildId, String architectures, NativeProbe probe) {
        this.failure = failure;
        this.buildId = buildId;
        this.architectures = architectures;
        this.probe = probe;
    }

    /** The library of this process, loaded and probed at the first call; the answer stays the same. */
    public static NativeLibrary get() {
        return Holder.INSTANCE;
    }

    /** Whether the library was loaded and fits to these classes; says nothing about devices. */
    public boolean loaded() {
        return failure.isEmpty();
    }

    /** Whether a device can run our kernels. */
    public boolean usable() {
        return loaded() && probe.usable();
    }

    /** Why no device can be used: the library's reason, or the machine's; empty if one can. */
    public String reason() {
        return loaded() ? probe.reason() : failure;
    }

    /** Hash of the native sources the library was built from; empty if not loaded. */
    public String buildId() {
        return buildId;
    }

    /** The CUDA architectures it holds code for, as CMake names them; empty if not loaded. */
    public String architectures() {
        return architectures;
    }

    /** What was found on this machine; without devices if the library is not loaded. */
    public NativeProbe probe() {
        return probe;
    }

    static NativeLibrary load(NativeResources resources) {
        String missing = resources.missing();
        if (!missing.isEmpty()) {
            return failed(missing);
        }
        try {
            resources.refreshExtractedCopy();
            Loader.load(FusedRnn.class);
            return checked(resources.buildId());
        } catch (IOException | LinkageError | RuntimeException e) {
            return failed("the native library could not be loaded: " + e);
        }
    }

    private static NativeLibrary checked(String expectedBuildId) {
        if (FusedRnn.frnn_abi_version() != FusedRnn.FRNN_ABI_VERSION) {
            return failed("the native library has ABI version " + FusedRnn.frnn_abi_version() + ", these classes need "
                    + FusedRnn.FRNN_ABI_VERSION);
        }
        String buildId = FusedRnn.frnn_build_id().getString();
        if (!buildId.equals(expectedBuildId)) {
            return failed("the native library that was loaded is build " + buildId + ", on the class path lies build "
                    + expectedBuildId + " (a stale copy on java.library.path or in the JavaCPP cache?)");
        }
        String architectures = FusedRnn.frnn_architectures().getString();
        return new NativeLibrary("", buildId, architectures, probeMachine(architectures));
    }

    private static NativeLibrary failed(String reason) {
        return new NativeLibrary(reason, "", "", NativeProbe.unavailable(reason));
    }

    private static NativeProbe probeMachine(String architectures) {
        try (FrnnProbe probe = new FrnnProbe();
                FrnnMessage message = new FrnnMessage()) {
            probe.structSize(probe.sizeof());
            if (FusedRnn.frnn_probe(probe, message) != FusedRnn.FRNN_OK) {
                return NativeProbe.unavailable(message.text().getString());
            }
            List<NativeDevice> devices = new ArrayList<>();
            String reason = probe.reason().getString();
            for (int index = 0; index < probe.deviceCount() && reason.isEmpty(); index++) {
                reason = addDevice(index, devices, message);
            }
            if (reason.isEmpty() && devices.stream().noneMatch(NativeDevice::runsHere)) {
                NativeDevice first = devices.get(0);
                reason = "the native library holds code for " + architectures + " only, " + first.name()
                        + " has compute capability " + first.major() + "." + first.minor();
            }
            return new NativeProbe(probe.driverVersion(), probe.runtimeVersion(), probe.cudaError(), devices, reason);
        }
    }

    /** Adds one device; returns why that was not possible, or an empty text. */
    private static String addDevice(int index, List<NativeDevice> devices, FrnnMessage message) {
        try (FrnnDevice device = new FrnnDevice()) {
            device.structSize(device.sizeof());
            if (FusedRnn.frnn_device(index, device, message) != FusedRnn.FRNN_OK) {
                return message.text().getString();
            }
            devices.add(new NativeDevice(
                    index,
                    device.name().getString(),
                    device.major(),
                    device.minor(),
                    device.runsHere() != 0,
                    device.multiprocessors(),
                    device.cooperativeLaunch() != 0,
                    device.clusterLaunch() != 0,
                    device.sharedBytesPerBlockOptIn(),
                    device.memoryBytes(),
                    device.l2Bytes(),
                    device.pciBusId().getString()));
            return "";
        }
    }

    private static final class Holder {
        static final NativeLibrary INSTANCE = load(new NativeResources(NativeLibrary.class));
    }
}
