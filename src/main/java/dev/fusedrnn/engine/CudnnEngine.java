package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Device;

/** The cudnn engine. */
public final class CudnnEngine implements RecurrentEngine {
    @Override
    public String name() {
        return "cudnn";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        return Capability.unsupported("the cudnn engine is not part of this build");
    }

    @Override
    public RnnExecution prepare(RnnConfig config, Device device, int steps, int batch, boolean training) {
        throw new IllegalArgumentException(capability(config, device).reason());
    }
}
