package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnDeviceLimits;
import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.Set;

/** What a device offers to persistent kernels, asked once per device. */
public final class DeviceLimits implements AutoCloseable {
    private static final long BYTES = 512;

    private final CudaContext context;
    private final HostBlock memory = new HostBlock(BYTES);
    private final FrnnDeviceLimits limits = new FrnnDeviceLimits(memory.take(BYTES));

    /** Asks the device of a context. */
    public DeviceLimits(CudaContext context) {
        context.enter();
        limits.structSize(limits.sizeof());
        this.context = context;
        try (NativeCalls calls = new NativeCalls(context)) {
            calls.check(FusedRnn.frnn_recurrence_device_limits(context.ordinal(), limits, calls.message()));
        }
    }

    /** Why no persistent kernel of these kinds takes a layer; empty if one does. */
    public String whyNotPersistent(LayerShape shape, Set<PersistentKind> kinds) {
        StringBuilder why = new StringBuilder();
        try (NativeCalls calls = new NativeCalls(context)) {
            return PersistentRecurrence.plan(shape, kinds, limits, calls, why) == null ? why.toString() : "";
        }
    }

    FrnnDeviceLimits limits() {
        return limits;
    }

    @Override
    public void close() {
        memory.close();
    }
}
