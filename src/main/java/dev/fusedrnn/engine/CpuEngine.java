package dev.fusedrnn.engine;

import dev.fusedrnn.engine.cpu.CpuExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;

/**
 * The fast path without a GPU: matrix products by oneDNN (OpenBLAS where that is not to be had), pointwise code that the compiler vectorises. Computes in F32;
 * BF16 and F16 tensors are widened and rounded at the border.
 *
 * <p>Threads: the system property {@code fusedrnn.cpu.threads} bounds how many work on one call; by default all
 * processors this process may use. The bits of a result depend on it, and on nothing else but the input.
 */
public final class CpuEngine implements RecurrentEngine {
    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        if (device.isCuda()) {
            return Capability.unsupported("the cpu engine works on CPU memory, not on " + device.name());
        }
        if (config.dataType() == DataType.F64) {
            return Capability.unsupported("the cpu engine computes in F32, not in F64");
        }
        return Capability.SUPPORTED;
    }

    @Override
    public RnnExecution prepare(
            RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch) {
        Capability capability = capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(capability.reason());
        }
        return new CpuExecution(config, device, steps, batch, training);
    }
}
