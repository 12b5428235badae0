package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.fused.DeviceLimits;
import dev.fusedrnn.internal.fused.ErrorWord;
import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.PersistentKind;
import dev.fusedrnn.internal.fused.SingleStep;
import dev.fusedrnn.internal.fused.WavefrontPolicy;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.kernel.CudaTypes;
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

    /**
     * In which order the layers of a stack run: in turn, each over all time steps, or as a wavefront, at the same time on
     * different chunks of the sequence. A wavefront is for layers of one direction whose persistent kernels fit on the device
     * at once; other stacks are unsupported then.
     *
     * @param chunks 1: in turn; more: a wavefront of so many chunks, or of fewer where the sequence has fewer steps; 0: a
     *     wavefront in as many chunks as promise to be fastest, in turn where none promises to be faster than that
     */
    public record Layers(int chunks) {
        /** One after the other. */
        public static final Layers IN_TURN = new Layers(1);
        /** As a wavefront where that promises to be faster. */
        public static final Layers CHOSEN = new Layers(0);

        public Layers {
            if (chunks < 0) {
                throw new IllegalArgumentException("chunks must be at least 0, found " + chunks);
            }
        }
    }

    private final Plan plan;
    private final Layers order;

    /** Takes the fastest plan, layers in turn. */
    public FusedEngine() {
        this(Plan.AUTO);
    }

    /** Takes one kind of plan only, for tests and measurements; layers in turn. */
    public FusedEngine(Plan plan) {
        this(plan, Layers.IN_TURN);
    }

    /** Takes one kind of plan and one order of layers only. */
    public FusedEngine(Plan plan, Layers order) {
        this.plan = Objects.requireNonNull(plan, "plan");
        this.order = Objects.requireNonNull(order, "order");
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
        boolean inTurn = order.equals(Layers.IN_TURN);
        if (inTurn && !plan.only) {
            return Capability.SUPPORTED;
        }
        String noWavefront = inTurn ? "" : whyNoWavefront(config);
        if (!noWavefront.isEmpty()) {
            return Capability.unsupported("no wavefront: " + noWavefront);
        }
        DeviceLimits limits = limits(CudaContext.of(device));
        String notPersistent = whyNotPersistent(config, limits);
        if (!notPersistent.isEmpty()) {
            return Capability.unsupported("no persistent kernel: " + notPersistent);
        }
        String noRoom = inTurn || order.equals(Layers.CHOSEN) ? "" : whyNotPersistent(config, limits.share(2));
        return noRoom.isEmpty()
                ? Capability.SUPPORTED
                : Capability.unsupported("no wavefront: two layers do not fit on the device at once: " + noRoom);
    }

    private static String whyNoWavefront(RnnConfig config) {
        if (config.layers() == 1) {
            return "there is one layer";
        }
        if (config.gateStorage() == GateStorage.RECOMPUTED) {
            return "gates are computed anew over all time steps";
        }
        return config.directions() == 1 ? "" : "a layer needs both directions of the one below over all time steps";
    }

    private String whyNotPersistent(RnnConfig config, DeviceLimits limits) {
        for (int layer = 0; layer < config.layers(); layer++) {
            String reason = limits.whyNotPersistent(shape(config, layer, 1, 1, true), plan.kinds);
            if (!reason.isEmpty()) {
                return reason;
            }
        }
        return "";
    }

    @Override
    public RnnExecution prepare(
            RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch) {
        Capability capability = capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(capability.reason());
        }
        CudaContext context = CudaContext.of(device);
        List<LayerShape> shapes = IntStream.range(0, config.layers())
                .mapToObj(layer -> shape(config, layer, steps, batch, training))
                .toList();
        WavefrontPolicy.Choice wavefront = wavefront(context, shapes);
        FusedQueues queues = FusedQueues.open(context, wavefront == null ? 1 : wavefront.lanes(), training);
        try {
            if (!plan.only && plan != Plan.PRODUCTS && shapes.stream().allMatch(SingleStep::takes)) {
                return new SingleStepExecution(config, device, shapes, queues.main(), scratch);
            }
            long partSteps = wavefront == null ? steps : wavefront.partSteps();
            DeviceLimits share = limits(context).share(queues.lanes().size());
            List<FusedLayer> layers = new ArrayList<>();
            for (LayerShape shape : shapes) {
                WorkQueue lane = queues.lanes()
                        .get(Wavefront.laneOf(layers.size(), queues.lanes().size()));
                boolean oneLaunch = plan != Plan.PRODUCTS;
                layers.add(new FusedLayer(shape, partSteps, plan.kinds, share, oneLaunch, lane, queues.side()));
            }
            ErrorWord error = context.attached(ErrorWord.class, ErrorWord::new);
            FusedStack stack = new FusedStack(config, device, layers, queues, error, scratch);
            StackOrder way = wavefront == null ? new LayersInTurn(stack) : new Wavefront(stack, device);
            return new FusedExecution(device, stack, way);
        } catch (RuntimeException | Error failed) {
            queues.close();
            scratch.leave();
            throw failed;
        }
    }

    /** Null for layers in turn. */
    private WavefrontPolicy.Choice wavefront(CudaContext context, List<LayerShape> shapes) {
        if (order.equals(Layers.IN_TURN)) {
            return null;
        }
        LayerShape first = shapes.get(0);
        long unit = shapes.stream().mapToLong(WavefrontPolicy::unit).max().orElseThrow();
        WavefrontPolicy.Stack stack = new WavefrontPolicy.Stack(
                first.steps(), shapes.size(), first.training() ? 2 : 1, unit, lanes -> limits(context)
                        .share(lanes)
                        .microsPerStep(first, plan.kinds));
        if (order.equals(Layers.CHOSEN)) {
            return WavefrontPolicy.choose(stack);
        }
        WavefrontPolicy.Choice choice = WavefrontPolicy.of(stack, order.chunks());
        if (choice == null) {
            throw context.unsupported("no wavefront: no two layers of this shape fit on the device at once");
        }
        return choice;
    }

    private static DeviceLimits limits(CudaContext context) {
        return context.attached(DeviceLimits.class, DeviceLimits::new);
    }

    private static LayerShape shape(RnnConfig config, int layer, int steps, int batch, boolean training) {
        return new LayerShape(
                LayerShape.cell(config.cell().id(), config.gruVariant() == GruVariant.RESET_BEFORE),
                CudaTypes.cudaType(config.dataType()),
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
}
