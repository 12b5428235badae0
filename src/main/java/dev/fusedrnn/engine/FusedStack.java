package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.fused.ErrorWord;
import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.NativeCalls;
import dev.fusedrnn.internal.fused.RecurrencePass;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;

/**
 * The layers of a stack with their memory: where each layer's tensors lie in a call, and what is queued between layers. In
 * which order layers run is a {@link StackOrder}'s to say.
 */
final class FusedStack implements AutoCloseable {
    private static final int F32_BYTES = 4;

    private final RnnConfig config;
    private final FlatParameters parameters;
    private final CudaContext context;
    private final FusedQueues queues;
    private final List<FusedLayer> layers;
    private final FusedMemory memory;
    private final Scratch scratch;
    private final Tensor workspace;
    private final Tensor lengths;
    private final long error;
    private final StackTokens tokens;
    private final StackGradients gradients;
    private SequenceLengths uploaded;

    /** Takes over the queues, and the scratch memory if nobody shares it. */
    FusedStack(
            RnnConfig config,
            Device device,
            List<FusedLayer> layers,
            FusedQueues queues,
            ErrorWord error,
            Scratch scratch) {
        this.config = config;
        this.parameters = new FlatParameters(config);
        this.context = CudaContext.of(device);
        this.queues = queues;
        this.layers = layers;
        this.memory = new FusedMemory(layers, lanes(), config.dropout() > 0);
        this.scratch = scratch;
        this.workspace = scratch.take(Scratch.Use.WORKSPACE, memory.workspaceBytes);
        this.lengths = workspace.view(memory.lengths / Integer.BYTES, shape(0).batch());
        this.error = error.address();
        this.tokens = new StackTokens(device, layers.get(0), queues.main(), queues.side(), scratch);
        this.gradients = new StackGradients(this, device, queues.side(), scratch);
    }

    RnnConfig config() {
        return config;
    }

    FlatParameters parameters() {
        return parameters;
    }

    FusedMemory memory() {
        return memory;
    }

    StackTokens tokens() {
        return tokens;
    }

    StackGradients gradients() {
        return gradients;
    }

    /** L. */
    int count() {
        return layers.size();
    }

    FusedLayer layer(int l) {
        return layers.get(l);
    }

    LayerShape shape(int l) {
        return layers.get(l).shape();
    }

    /** A layer's packed weights. */
    long weights(int l) {
        return workspace.address() + memory.weights[l];
    }

    /** Scratch memory of the weight gradients. */
    long gradientScratch() {
        return workspace.address() + memory.gradientScratch;
    }

    /** Bytes of device memory besides the caller's tensors, and besides what is shared. */
    long bytes() {
        return scratch.bytesOfExecution();
    }

    /** Begins a pass of the execution; whether the scratch memory is as its last one has left it. */
    boolean enter(RnnExecution execution) {
        boolean kept = scratch.enter(execution);
        if (!kept) {
            uploaded = null;
        }
        return kept;
    }

    /** Brings the lengths to the device, if they are others than before; then not within a recording. */
    void upload(SequenceLengths given) {
        if (given != null && !given.equals(uploaded)) {
            lengths.copyFrom(given.toArray());
            gradients.makeRoomForLengths();
            uploaded = given;
        }
    }

    /** All layers' weights in one launch. */
    void pack(Tensor arena) {
        int type = shape(0).type();
        queues.main().calls().pack(type, type, context.stream(), packing -> {
            for (int l = 0; l < layers.size(); l++) {
                layers.get(l).weights().pack(parameters.of(arena, l), weights(l), packing);
            }
        });
    }

    /** How many layers may run at once. */
    int lanes() {
        return queues.lanes().size();
    }

    /** A pass on a lane, in its memory. */
    RecurrencePass newPass(int lane) {
        RecurrencePass pass = new RecurrencePass();
        pass.error = error;
        pass.stream = queues.lanes().get(lane).stream();
        pass.workspace = workspace.address() + memory.scratch[lane];
        return pass;
    }

    /** Where dh of a layer goes on from part to part in time. */
    long carriedH(int l) {
        return workspace.address() + memory.carriedH + F32_BYTES * l * shape(l).cellElements();
    }

    /** The same of c or dc; 0 without c. */
    long carriedC(int l) {
        return shape(l).hasCell() ? workspace.address() + memory.carriedC + F32_BYTES * l * shape(l).cellElements() : 0;
    }

    /** Queues what dh and dc of all layers are behind the last time step. */
    void beginCarried(BackwardCall call) {
        LayerShape shape = shape(0);
        NativeCalls calls = queues.main().calls();
        long elements = shape.cellElements() * count();
        int f32 = LayerShape.type(CudaType.F32);
        calls.copyOrClear(shape.type(), address(call.dhy()), f32, carriedH(0), elements);
        if (shape.hasCell()) {
            calls.copyOrClear(shape.type(), address(call.dcy()), f32, carriedC(0), elements);
        }
    }

    void bindForward(RecurrencePass pass, ForwardCall call, int l) {
        LayerShape shape = shape(l);
        boolean training = call.reserve() != null;
        long reserve = address(call.reserve());
        pass.lengths = call.lengths() == null ? 0 : lengths.address();
        pass.random = training && config.zonesOut() ? call.random().address() : 0;
        pass.hx = state(call.hx(), l, shape.stateElements());
        pass.cx = state(call.cx(), l, shape.cellElements());
        pass.hy = state(call.hy(), l, shape.stateElements());
        pass.cy = state(call.cy(), l, shape.cellElements());
        pass.gateInputs = workspace.address() + memory.gateInputs[Wavefront.laneOf(l, lanes())];
        pass.savedGates = training && shape.keepsGates() ? reserve + memory.savedGates[l] : 0;
        pass.savedCells = training && shape.hasCell() ? reserve + memory.savedCells[l] : 0;
        pass.savedReset = training && shape.keepsGates() && shape.resetsBefore() ? reserve + memory.savedReset[l] : 0;
        long raw = training ? reserve + memory.savedRaw[l] : workspace.address() + memory.hRaw;
        pass.hRaw = shape.projects() ? raw : 0;
        pass.y = output(call, l);
    }

    void bindBackward(RecurrencePass pass, BackwardCall call, int l) {
        LayerShape shape = shape(l);
        int turn = l % memory.turns;
        pass.dy = outputGradient(call, l);
        pass.dhy = state(call.dhy(), l, shape.stateElements());
        pass.dcy = state(call.dcy(), l, shape.cellElements());
        pass.dhx = state(call.dhx(), l, shape.stateElements());
        pass.dcx = state(call.dcx(), l, shape.cellElements());
        pass.dGates = workspace.address() + memory.dGates[turn];
        pass.dGatesH = shape.isGru() ? workspace.address() + memory.dGatesH[turn] : 0;
        pass.dGatesFirst = workspace.address() + memory.dGatesFirst[turn];
        pass.dProjected = shape.projects() ? workspace.address() + memory.dProjected[turn] : 0;
    }

    /**
     * Binds what a layer's gates are made from and where, between {@link #bindBackward} and the layer's backward pass. The gradients
     * of the gates later take the place of the gate inputs.
     */
    void bindGates(RecurrencePass pass, int l) {
        long reset = workspace.address() + memory.reset[l % memory.turns];
        pass.gateInputs = pass.dGates;
        pass.savedGates = workspace.address() + memory.gates;
        pass.savedReset = shape(l).resetsBefore() ? reset : 0;
    }

    /** What a layer reads: x, or y of the layer below with its dropout; 0 for the first layer with tokens. */
    long input(ForwardCall call, int l) {
        if (l == 0) {
            return address(call.x());
        }
        return dropsOut(call) ? call.reserve().address() + memory.savedDropped[l - 1] : output(call, l - 1);
    }

    /** Gradient of a layer's y. */
    long outputGradient(BackwardCall call, int l) {
        return l == count() - 1 ? address(call.dy()) : workspace.address() + memory.dy[l & 1];
    }

    /** Queues the dropout of a layer's y where there is one: of the steps of a part, from step {@code first} on. */
    void dropOutput(ForwardCall call, int l, long first, LayerShape part) {
        if (l < count() - 1 && dropsOut(call)) {
            dropout(layer(l).queue(), output(call, l), input(call, l + 1), l, first, part, call);
        }
    }

    /** The same of the gradient of a layer's y, which the layer above has left. */
    void dropGradient(BackwardCall call, int l, long first, LayerShape part) {
        if (dropsOut(call.forward())) {
            long dy = outputGradient(call, l);
            dropout(layer(l + 1).queue(), dy, dy, l, first, part, call.forward());
        }
    }

    /** Queues zeros behind the lengths of a tensor like x. */
    void mask(long x) {
        LayerShape first = shape(0);
        long stream = context.stream();
        queues.main()
                .calls()
                .mask(first.type(), first.steps(), first.batch(), first.inputs(), lengths.address(), x, stream);
    }

    private boolean dropsOut(ForwardCall call) {
        return call.reserve() != null && config.dropout() > 0;
    }

    private long output(ForwardCall call, int l) {
        if (l == count() - 1) {
            return call.y().address();
        }
        return call.reserve() != null
                ? call.reserve().address() + memory.savedY[l]
                : workspace.address() + memory.innerY[l % memory.innerY.length];
    }

    private void dropout(WorkQueue queue, long in, long out, int layer, long first, LayerShape part, ForwardCall call) {
        long perStep = part.stateElements();
        long begin = first * perStep;
        queue.calls()
                .dropout(
                        part.type(),
                        in + part.bytes(begin),
                        out + part.bytes(begin),
                        begin,
                        part.steps() * perStep,
                        config.dropoutPeriod((int) part.batch()),
                        (float) config.dropout(),
                        layer,
                        call.random().address());
    }

    private static long state(Tensor states, int layer, long elementsPerLayer) {
        return states == null ? 0 : states.address(layer * elementsPerLayer);
    }

    static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    @Override
    public void close() {
        scratch.leave();
        gradients.close();
        queues.close();
    }
}
