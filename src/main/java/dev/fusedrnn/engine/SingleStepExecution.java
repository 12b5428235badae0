package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Recordings;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.Offsets;
import dev.fusedrnn.internal.fused.SingleStep;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The fused engine prepared for inference of a single time step of few samples, as when text is generated: a launch per layer
 * and a copy of the new h, since hy may be the memory of hx, which every block reads.
 */
final class SingleStepExecution implements RnnExecution {
    private final RnnConfig config;
    private final CudaContext context;
    private final WorkQueue queue;
    private final FlatParameters parameters;
    private final List<LayerShape> shapes;
    private final List<SingleStep> layers = new ArrayList<>();
    private final Scratch memory;
    private final Tensor workspace;
    private final Recordings recordings;

    // Parts of the workspace, as byte offsets.
    private final long hy;
    private final long cy;
    private final long scratch;
    private final long[] innerY = new long[2];

    /** Takes over the queue, and the memory if nobody shares it. */
    SingleStepExecution(RnnConfig config, Device device, List<LayerShape> shapes, WorkQueue queue, Scratch memory) {
        this.config = config;
        this.context = CudaContext.of(device);
        this.queue = queue;
        this.parameters = new FlatParameters(config);
        this.shapes = shapes;
        long scratchBytes = 0;
        for (LayerShape shape : shapes) {
            SingleStep layer = new SingleStep(shape, queue);
            layers.add(layer);
            scratchBytes = Math.max(scratchBytes, layer.scratchBytes());
        }
        LayerShape any = shapes.get(0);
        long stateBytes = any.bytes(any.cellElements());
        Offsets offsets = new Offsets();
        hy = offsets.next(Math.multiplyExact(stateBytes, (long) shapes.size()));
        cy = offsets.next(any.hasCell() ? stateBytes : 0);
        scratch = offsets.next(scratchBytes);
        innerY[0] = offsets.next(stateBytes);
        innerY[1] = offsets.next(stateBytes);
        this.memory = memory;
        workspace = memory.take(Scratch.Use.WORKSPACE, offsets.total());
        recordings = new Recordings(context);
    }

    @Override
    public long reserveBytes() {
        return 0;
    }

    @Override
    public long workspaceBytes() {
        return memory.bytesOfExecution();
    }

    @Override
    public String plan() {
        return "fused single step";
    }

    @Override
    public void forward(ForwardCall call) {
        context.enter();
        memory.enter(this);
        recordings.run(CallKeys.of(call), () -> queueForward(call));
    }

    @Override
    public void backward(BackwardCall call) {
        throw new IllegalStateException("this execution was prepared for inference");
    }

    @Override
    public void close() {
        recordings.close();
        memory.leave();
        queue.close();
    }

    private void queueForward(ForwardCall call) {
        long x = call.x().address();
        long base = workspace.address();
        for (int l = 0; l < layers.size(); l++) {
            long elements = shapes.get(l).cellElements();
            boolean last = l == layers.size() - 1;
            long y = last ? call.y().address() : base + innerY[l & 1];
            layers.get(l)
                    .run(new SingleStep.Call(
                            parameters.of(call.parameters(), l),
                            x,
                            state(call.hx(), l, elements),
                            state(call.cx(), l, elements),
                            y,
                            base + hy + shapes.get(l).bytes(l * elements),
                            newCell(call, l, elements),
                            base + scratch));
            x = y;
        }
        if (call.hy() != null) {
            context.copy(base + hy, call.hy().address(), call.hy().byteSize());
        }
    }

    /** Where the layer's c goes; a place of its own if nobody wants it. */
    private long newCell(ForwardCall call, int layer, long elements) {
        if (!config.cell().hasCellState()) {
            return 0;
        }
        return call.cy() == null ? workspace.address() + cy : call.cy().address(layer * elements);
    }

    private static long state(Tensor states, int layer, long elementsPerLayer) {
        return states == null ? 0 : states.address(layer * elementsPerLayer);
    }
}
