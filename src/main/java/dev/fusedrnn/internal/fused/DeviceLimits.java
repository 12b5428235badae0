package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnDeviceLimits;
import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What a device, or a share of it, offers to persistent kernels; asked once per device. */
public final class DeviceLimits implements AutoCloseable {
    private static final long BYTES = 512;

    private final CudaContext context;
    private final HostBlock memory = new HostBlock(BYTES);
    private final FrnnDeviceLimits limits = new FrnnDeviceLimits(memory.take(BYTES));
    private final Map<Integer, DeviceLimits> shares = new HashMap<>();

    /** Asks the device of a context. */
    public DeviceLimits(CudaContext context) {
        context.enter();
        limits.structSize(limits.sizeof());
        this.context = context;
        try (NativeCalls calls = new NativeCalls(context)) {
            calls.check(FusedRnn.frnn_recurrence_device_limits(context.ordinal(), limits, calls.message()));
        }
    }

    private DeviceLimits(DeviceLimits whole, int count) {
        FrnnDeviceLimits all = whole.limits;
        this.context = whole.context;
        limits.structSize(limits.sizeof())
                .computeMajor(all.computeMajor())
                .computeMinor(all.computeMinor())
                .multiprocessors(all.multiprocessors() / count)
                .sharedBytesPerBlock(all.sharedBytesPerBlock())
                .clustersOf2(all.clustersOf2() / count)
                .clustersOf4(all.clustersOf4() / count)
                .clustersOf8(all.clustersOf8() / count)
                .clustersOf16(all.clustersOf16() / count);
    }

    /** What is left to each of {@code count} recurrences that are all resident at once. */
    public DeviceLimits share(int count) {
        return count == 1 ? this : shares.computeIfAbsent(count, it -> new DeviceLimits(this, it));
    }

    /** Estimated microseconds of a step of a layer, of both passes in training; infinite if no persistent kernel takes it. */
    public float microsPerStep(LayerShape shape, Set<PersistentKind> kinds) {
        try (NativeCalls calls = new NativeCalls(context)) {
            PersistentRecurrence plan = PersistentRecurrence.plan(shape, kinds, limits, calls, new StringBuilder());
            return plan == null ? Float.POSITIVE_INFINITY : plan.microsPerStep();
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
        shares.values().forEach(DeviceLimits::close);
        memory.close();
    }
}
