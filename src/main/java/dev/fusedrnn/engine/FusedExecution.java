package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.cuda.Event;
import dev.fusedrnn.internal.cuda.Recordings;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.internal.fused.ErrorWord;
import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.LayerWeights;
import dev.fusedrnn.internal.fused.RecurrencePass;
import dev.fusedrnn.internal.fused.TokenPolicy;
import dev.fusedrnn.internal.fused.TokenTable;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The fused engine prepared for one shape: the order of a stack's layers, forward and backward. On the way back the weight
 * gradients of a layer are queued on the side and run beside the recurrence of the layer below.
 */
final class FusedExecution implements RnnExecution {
    private final RnnConfig config;
    private final FlatParameters parameters;
    private final CudaContext context;
    private final Device device;
    private final WorkQueue main;
    private final WorkQueue side;
    private final List<FusedLayer> layers;
    private final FusedMemory memory;
    private final Tensor workspace;
    private final Tensor lengths;
    private final Recordings recordings;
    private final RecurrencePass pass = new RecurrencePass();
    /** When the weight gradients that read one of the two parts of the workspace have been computed. */
    private final List<Event> gradientsDone = new ArrayList<>();

    private Tensor maskedX;
    /** Both null while no tokens are taken. */
    private TokenTable tokenTable;

    private Tensor tokenMemory;
    private SequenceLengths uploaded;
    private ForwardCall packedFor;
    private final PackedWeights packed = new PackedWeights();

    /** Takes over the queues; {@code side} is null in inference. */
    FusedExecution(
            RnnConfig config, Device device, List<FusedLayer> layers, WorkQueue main, WorkQueue side, ErrorWord error) {
        this.config = config;
        this.parameters = new FlatParameters(config);
        this.context = CudaContext.of(device);
        this.device = device;
        this.main = main;
        this.side = side;
        this.layers = layers;
        this.memory = new FusedMemory(layers, config.dropout() > 0);
        this.workspace = device.allocate(DataType.I32, memory.workspaceBytes / DataType.I32.bytes());
        this.lengths = workspace.view(memory.lengths / DataType.I32.bytes(), shape(0).batch());
        this.recordings = new Recordings(context);
        for (int turn = 0; side != null && turn < 2; turn++) {
            gradientsDone.add(new Event(context));
        }
        pass.error = error.address();
        pass.stream = context.stream();
        pass.workspace = workspace.address() + memory.scratch;
        pass.gateInputs = workspace.address() + memory.gateInputs;
    }

    @Override
    public long reserveBytes() {
        return memory.reserveBytes;
    }

    @Override
    public long workspaceBytes() {
        return memory.workspaceBytes
                + (maskedX == null ? 0 : maskedX.byteSize())
                + (tokenMemory == null ? 0 : tokenMemory.byteSize());
    }

    @Override
    public String plan() {
        return "fused " + layers.get(0).plan();
    }

    @Override
    public boolean takes(TokenInput tokens) {
        long vocabulary = tokens.vocabularySize(config.inputSize());
        boolean indicators = tokens.table() == null;
        if (!TokenPolicy.of(context).takes(shape(0), vocabulary)) {
            return false;
        }
        if (tokenTable == null) {
            TokenTable planned = new TokenTable(layers.get(0), vocabulary, indicators, main, side);
            tokenMemory = device.allocate(DataType.I32, planned.bytes() / DataType.I32.bytes());
            tokenTable = planned;
        }
        return tokenTable.isOf(vocabulary, indicators);
    }

    @Override
    public void forward(ForwardCall call) {
        forward(call, false);
    }

    @Override
    public void forward(ForwardCall call, boolean sameParameters) {
        context.enter();
        upload(call.lengths());
        boolean repack = !sameParameters || !packed.holds(call.parameters(), context);
        packedFor = null;
        recordings.run(CallKeys.of(call, repack), () -> queueForward(call, repack));
        packedFor = call;
        packed.set(call.parameters(), context);
    }

    @Override
    public void backward(BackwardCall call) {
        context.enter();
        upload(call.forward().lengths());
        boolean repack = packedFor != call.forward();
        packedFor = null;
        recordings.run(CallKeys.of(call, repack), () -> queueBackward(call, repack));
        packedFor = call.forward();
        packed.set(call.forward().parameters(), context);
    }

    @Override
    public void close() {
        recordings.close();
        workspace.close();
        if (maskedX != null) {
            maskedX.close();
        }
        if (tokenMemory != null) {
            tokenMemory.close();
        }
        gradientsDone.forEach(Event::close);
        if (side != null) {
            side.close();
        }
        main.close();
    }

    private void queueForward(ForwardCall call, boolean repack) {
        boolean training = call.reserve() != null;
        if (repack) {
            pack(call.parameters());
        }
        TokenInput tokens = call.tokens();
        long x = address(call.x());
        for (int l = 0; l < layers.size(); l++) {
            FusedLayer layer = layers.get(l);
            long block = workspace.address() + memory.weights[l];
            bindForward(call, l);
            if (l == 0 && tokens != null) {
                long ids = tokens.ids().address();
                tokenTable.gateInputs(pass, ids, address(tokens.table()), block, tokenMemory.address());
            } else {
                layer.gateInputs(pass, x, block);
            }
            layer.forward(pass, block);
            x = pass.y;
            if (training && l < layers.size() - 1 && config.dropout() > 0) {
                x = call.reserve().address() + memory.savedDropped[l];
                dropout(pass.y, x, l, call);
            }
        }
    }

    private void queueBackward(BackwardCall call, boolean repack) {
        ForwardCall forward = call.forward();
        if (repack) {
            pack(forward.parameters());
        }
        long x0 = maskedInput(call);
        long dy = address(call.dy());
        for (int l = layers.size() - 1; l >= 0; l--) {
            FusedLayer layer = layers.get(l);
            long block = workspace.address() + memory.weights[l];
            bindForward(forward, l);
            bindBackward(call, l, dy);
            if (call.dParameters() != null && l < layers.size() - 2) {
                gradientsDone.get(l & 1).awaitOn(pass.stream);
            }
            layer.backward(pass, block);
            // The recurrence below waits for the input's gradient, so that comes first, alone, where there is one.
            if (l > 0) {
                dy = workspace.address() + memory.dy[l & 1];
                layer.inputGradient(pass, block, dy);
                if (config.dropout() > 0) {
                    dropout(dy, dy, l - 1, forward);
                }
            }
            if (call.dParameters() != null) {
                queueWeightGradients(call, l, l == 0 ? x0 : layerInput(forward, l));
            }
        }
        if (call.dx() != null) {
            layers.get(0)
                    .inputGradient(
                            pass,
                            workspace.address() + memory.weights[0],
                            call.dx().address());
        }
        if (side != null) {
            SideStream.of(context).settle();
        }
    }

    /** All layers' weights in one launch. */
    private void pack(Tensor arena) {
        int type = shape(0).type();
        main.calls().pack(type, type, pass.stream, packing -> {
            for (int l = 0; l < layers.size(); l++) {
                long block = workspace.address() + memory.weights[l];
                layers.get(l).weights().pack(parameters.of(arena, l), block, packing);
            }
        });
    }

    private void queueWeightGradients(BackwardCall call, int l, long x) {
        Tensor gradients = call.dParameters();
        int type = LayerShape.type(CudaType.valueOf(gradients.dataType().name()));
        LayerWeights.Flat[] flat = parameters.of(gradients, l);
        SideStream.of(context).fork();
        layers.get(l)
                .weightGradients(pass, x, flat, type, call.accumulate(), workspace.address() + memory.gradientScratch);
        if (l == 0 && call.forward().tokens() != null) {
            queueTokenGradients(call, flat, type);
        }
        gradientsDone.get(l & 1).record(side.stream());
    }

    private void queueTokenGradients(BackwardCall call, LayerWeights.Flat[] flat, int type) {
        TokenInput tokens = call.forward().tokens();
        long ids = tokens.ids().address();
        long scratch = tokenMemory.address();
        tokenTable.weightGradient(pass, ids, address(tokens.table()), flat, type, call.accumulate(), scratch);
        TableGradient dTable = call.dTable();
        if (dTable != null) {
            long block = workspace.address() + memory.weights[0];
            tokenTable.tableGradient(dTable.table().address(), dTable.accumulate(), block, scratch);
        }
    }

    private void bindForward(ForwardCall call, int l) {
        LayerShape shape = shape(l);
        boolean training = call.reserve() != null;
        boolean last = l == layers.size() - 1;
        long reserve = address(call.reserve());
        pass.lengths = call.lengths() == null ? 0 : lengths.address();
        pass.random = training && config.zonesOut() ? call.random().address() : 0;
        pass.hx = state(call.hx(), l, shape.stateElements());
        pass.cx = state(call.cx(), l, shape.cellElements());
        pass.hy = state(call.hy(), l, shape.stateElements());
        pass.cy = state(call.cy(), l, shape.cellElements());
        pass.savedGates = training && shape.savedGates() > 0 ? reserve + memory.savedGates[l] : 0;
        pass.savedCells = training && shape.hasCell() ? reserve + memory.savedCells[l] : 0;
        pass.savedReset = training && shape.resetsBefore() ? reserve + memory.savedReset[l] : 0;
        long raw = training ? reserve + memory.savedRaw[l] : workspace.address() + memory.hRaw;
        pass.hRaw = shape.projects() ? raw : 0;
        if (last) {
            pass.y = call.y().address();
        } else {
            pass.y = training ? reserve + memory.savedY[l] : workspace.address() + memory.innerY[l & 1];
        }
    }

    private void bindBackward(BackwardCall call, int l, long dy) {
        LayerShape shape = shape(l);
        pass.dy = dy;
        pass.dhy = state(call.dhy(), l, shape.stateElements());
        pass.dcy = state(call.dcy(), l, shape.cellElements());
        pass.dhx = state(call.dhx(), l, shape.stateElements());
        pass.dcx = state(call.dcx(), l, shape.cellElements());
        pass.dGates = workspace.address() + memory.dGates[l & 1];
        pass.dGatesH = shape.isGru() ? workspace.address() + memory.dGatesH[l & 1] : 0;
        pass.dGatesFirst = workspace.address() + memory.dGatesFirst[l & 1];
        pass.dProjected = shape.projects() ? workspace.address() + memory.dProjected[l & 1] : 0;
    }

    /** The first layer's input with zeros behind the lengths, where the caller's may hold anything, NaN included; 0 with tokens. */
    private long maskedInput(BackwardCall call) {
        ForwardCall forward = call.forward();
        if (forward.lengths() == null || call.dParameters() == null || forward.tokens() != null) {
            return address(forward.x());
        }
        LayerShape shape = shape(0);
        long copy = maskedX.address();
        context.copy(forward.x().address(), copy, forward.x().byteSize());
        main.calls()
                .mask(shape.type(), shape.steps(), shape.batch(), shape.inputs(), lengths.address(), copy, pass.stream);
        return copy;
    }

    private long layerInput(ForwardCall forward, int l) {
        long[] kept = config.dropout() > 0 ? memory.savedDropped : memory.savedY;
        return forward.reserve().address() + kept[l - 1];
    }

    private void dropout(long in, long out, int layer, ForwardCall call) {
        LayerShape shape = shape(layer);
        long count = shape.rows() * shape.directions() * shape.outputs();
        main.calls()
                .dropout(
                        shape.type(),
                        in,
                        out,
                        count,
                        config.dropoutPeriod((int) shape.batch()),
                        (float) config.dropout(),
                        layer,
                        call.random().address());
    }

    private void upload(SequenceLengths given) {
        if (given != null && !given.equals(uploaded)) {
            lengths.copyFrom(given.toArray());
            if (side != null && maskedX == null) {
                LayerShape first = shape(0);
                maskedX = device.allocate(config.dataType(), first.rows(), first.inputs());
            }
            uploaded = given;
        }
    }

    private LayerShape shape(int layer) {
        return layers.get(layer).shape();
    }

    private static long state(Tensor states, int layer, long elementsPerLayer) {
        return states == null ? 0 : states.address(layer * elementsPerLayer);
    }

    private static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }
}
