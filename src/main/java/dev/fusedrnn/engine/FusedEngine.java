package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.fused.DeviceLimits;
import dev.fusedrnn.internal.fused.ErrorWord;
import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.PersistentKind;
import dev.fusedrnn.internal.fused.SingleStep;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.kernel.ZoneoutMask;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Our own kernels: one input product over all time steps, a recurrence that runs all steps in one launch where the
 * recurrent weights fit on the chip and step by step elsewhere, and weight gradients as products over all time steps.
 * Of {@linkplain TokenInput tokens} of a small vocabulary the first layer's input product and its gradients are products over
 * the vocabulary.
 *
 * <p>Same device, same build, same input: same bits, forward and backward.
 */
public final class FusedEngine implements RecurrentEngine {
    /** Which kind of recurrence to take. */
    public enum Plan {
        /** Persistent where the shape and the device allow it, else streamed. */
        AUTO(EnumSet.allOf(PersistentKind.class), false),
        /** One launch for all time steps, of the kind that promises to be fastest; what none takes is unsupported. */
        PERSISTENT(EnumSet.allOf(PersistentKind.class), true),
        /** Only with the recurrent weights in one hardware cluster. */
        CLUSTER(EnumSet.of(PersistentKind.CLUSTER), true),
        /** Only with the recurrent weights all over the chip, for few samples. */
        CHIP(EnumSet.of(PersistentKind.CHIP), true),
        /** Only with the recurrent weights all over the chip, for many samples. */
        WIDE(EnumSet.of(PersistentKind.WIDE), true),
        /** The time steps one after another: one launch each if there are few samples, else as {@link #PRODUCTS}. */
        STREAMED(EnumSet.noneOf(PersistentKind.class), false),
        /** A matrix product and a kernel per time step. */
        PRODUCTS(EnumSet.noneOf(PersistentKind.class), false);

        private final Set<PersistentKind> kinds;
        private final boolean only;

        Plan(Set<PersistentKind> kinds, boolean only) {
            this.kinds = kinds;
            this.only = only;
        }
    }

    private final Plan plan;

    /** Takes the fastest plan. */
    public FusedEngine() {
        this(Plan.AUTO);
    }

    /** Takes one kind of plan only, for tests and measurements. */
    public FusedEngine(Plan plan) {
        this.plan = Objects.requireNonNull(plan, "plan");
    }

    @Override
    public String name() {
        return "fused";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        if (!device.isCuda()) {
            return Capability.unsupported("the fused engine needs a CUDA device, this is " + device.name()
                    + (device.reason().isEmpty() ? "" : " (" + device.reason() + ")"));
        }
        if (config.dataType() == DataType.F64) {
            return Capability.unsupported("the fused engine computes in F32, BF16 or F16, not in F64");
        }
        if (plan.only) {
            return persistentCapability(config, CudaContext.of(device));
        }
        return Capability.SUPPORTED;
    }

    private Capability persistentCapability(RnnConfig config, CudaContext context) {
        DeviceLimits limits = context.attached(DeviceLimits.class, DeviceLimits::new);
        for (int layer = 0; layer < config.layers(); layer++) {
            String reason = limits.whyNotPersistent(shape(config, layer, 1, 1, true), plan.kinds);
            if (!reason.isEmpty()) {
                return Capability.unsupported("no persistent kernel: " + reason);
            }
        }
        return Capability.SUPPORTED;
    }

    @Override
    public RnnExecution prepare(RnnConfig config, Device device, int steps, int batch, boolean training) {
        Capability capability = capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(capability.reason());
        }
        CudaContext context = CudaContext.of(device);
        WorkQueue main = WorkQueue.main(context);
        WorkQueue side = null;
        try {
            List<LayerShape> shapes = IntStream.range(0, config.layers())
                    .mapToObj(layer -> shape(config, layer, steps, batch, training))
                    .toList();
            if (!plan.only && plan != Plan.PRODUCTS && shapes.stream().allMatch(SingleStep::takes)) {
                return new SingleStepExecution(config, device, shapes, main);
            }
            side = training ? WorkQueue.side(context) : null;
            DeviceLimits limits = context.attached(DeviceLimits.class, DeviceLimits::new);
            List<FusedLayer> layers = new ArrayList<>();
            for (LayerShape shape : shapes) {
                layers.add(new FusedLayer(shape, plan.kinds, limits, plan != Plan.PRODUCTS, main, side));
            }
            ErrorWord error = context.attached(ErrorWord.class, ErrorWord::new);
            FusedStack stack = new FusedStack(config, device, layers, main, side, error);
            return new FusedExecution(device, stack, new LayersInTurn(stack));
        } catch (RuntimeException | Error failed) {
            main.close();
            if (side != null) {
                side.close();
            }
            throw failed;
        }
    }

    private static LayerShape shape(RnnConfig config, int layer, int steps, int batch, boolean training) {
        return new LayerShape(
                LayerShape.cell(config.cell().id(), config.gruVariant() == GruVariant.RESET_BEFORE),
                storage(config.dataType()),
                steps,
                batch,
                config.layerInputSize(layer),
                config.hiddenSize(),
                config.projSize(),
                config.directions(),
                (float) config.cellClip(),
                (float) config.zoneout(),
                (float) config.cellZoneout(),
                ZoneoutMask.stream(layer, 0, false),
                config.tf32(),
                training,
                config.gateStorage() == GateStorage.RECOMPUTED);
    }

    private static CudaType storage(DataType type) {
        return switch (type) {
            case F32 -> CudaType.F32;
            case BF16 -> CudaType.BF16;
            case F16 -> CudaType.F16;
            default -> throw new IllegalArgumentException("no CUDA storage for " + type);
        };
    }
}
