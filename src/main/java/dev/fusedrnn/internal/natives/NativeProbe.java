package dev.fusedrnn.internal.natives;

import java.util.List;

/**
 * What the CUDA runtime said about this machine.
 *
 * @param driverVersion CUDA version the driver offers, 13000 for 13.0; 0 without a driver
 * @param runtimeVersion CUDA version of the runtime inside our library; 0 if the library is not there
 * @param cudaError status of asking for the device count; 0 if devices can be asked
 * @param devices the devices in CUDA's order; empty if there are none
 * @param reason why no device can be used; empty if one can
 */
public record NativeProbe(
        int driverVersion, int runtimeVersion, int cudaError, List<NativeDevice> devices, String reason) {
    public NativeProbe {
        devices = List.copyOf(devices);
    }

    static NativeProbe unavailable(String reason) {
        return new NativeProbe(0, 0, 0, List.of(), reason);
    }

    /** Whether at least one device can run our kernels. */
    public boolean usable() {
        return reason.isEmpty();
    }
}
