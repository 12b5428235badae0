package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.CallKeys;
import dev.fusedrnn.engine.CallShapes;
import dev.fusedrnn.engine.CudnnAlgorithm;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.Scratch;
import dev.fusedrnn.engine.Scratch.Use;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.cuda.Recordings;
import dev.fusedrnn.internal.cuda.StreamKernels;
import dev.fusedrnn.internal.cudnn.CudnnGradients;
import dev.fusedrnn.internal.cudnn.CudnnHandle;
import dev.fusedrnn.internal.cudnn.CudnnTensors;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A stack on cuDNN: all layers in one call, or, where dropout acts between layers in training, layer by layer with our own
 * dropout between, so that every engine drops the same elements.
 */
final class CudnnExecution implements RnnExecution {
    private final RnnConfig config;
    private final CallShapes shapes;
    private final int steps;
    private final int batch;
    private final boolean training;
    private final CudnnAlgorithm algorithm;
    private final boolean graph;
    private final CudaContext context;
    private final Scratch scratch;
    private final NativeKernels kernels;
    private final Recordings recordings;
    private final List<CudnnStack> stacks = new ArrayList<>();
    private final ReservePlan reservePlan;
    private final WeightTransfer weights;
    /** The pass whose weights lie in cuDNN's layout in the scratch memory, one stack behind the other; null if none. */
    private ForwardCall packedFor;

    private boolean closed;

    CudnnExecution(
            RnnConfig config,
            Device device,
            int steps,
            int batch,
            boolean training,
            CudnnAlgorithm algorithm,
            boolean graph,
            Scratch scratch) {
        this.config = config;
        this.shapes = new CallShapes(config, device, steps, batch);
        this.steps = steps;
        this.batch = batch;
        this.training = training;
        this.algorithm = algorithm;
        this.graph = graph;
        this.context = CudaContext.of(device);
        this.scratch = scratch;
        this.recordings = new Recordings(context);
        this.kernels = StreamKernels.of(context, context.stream());
        try {
            addStacks();
            this.weights = new WeightTransfer(
                    config,
                    context,
                    kernels,
                    scratch,
                    stacks.size(),
                    largest(stacks.stream().map(CudnnStack::weightBytes)));
            this.reservePlan =
                    ReservePlan.of(stacks.stream().map(CudnnStack::reserveBytes).toList(), outputBytes());
            scratch.expect(Use.DY, outputBytes());
            scratch.expect(Use.DX, inputBytes());
            scratch.expect(Use.LAYER_GRADIENT_EVEN, outputBytes());
            scratch.expect(Use.LAYER_GRADIENT_ODD, outputBytes());
            long base = workspace();
            stacks.forEach(stack -> stack.mapWeights(base));
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private void addStacks() {
        CudnnHandle library = CudnnHandle.of(context);
        boolean layered = training && config.dropout() > 0 && config.layers() > 1;
        int calls = layered ? config.layers() : 1;
        int layers = config.layers() / calls;
        for (int call = 0; call < calls; call++) {
            stacks.add(new CudnnStack(library, config, call * layers, layers, steps, batch, training, algorithm));
        }
    }

    @Override
    public long reserveBytes() {
        return training ? reservePlan.bytes() : 0;
    }

    @Override
    public long workspaceBytes() {
        return scratch.bytesOfExecution();
    }

    @Override
    public String plan() {
        return "cudnn " + algorithm.text() + (graph ? ", graph" : "") + (stacks.size() > 1 ? ", layer by layer" : "");
    }

    @Override
    public void forward(ForwardCall call) {
        requireOpen();
        shapes.check(call, reserveBytes());
        int[] lengths = shorter(call.lengths());
        scratch.enter(this);
        packedFor = null;
        run(lengths, CallKeys.of(call), () -> forwardPass(call, lengths));
        packedFor = call;
    }

    @Override
    public void backward(BackwardCall call) {
        requireOpen();
        if (!training || call.forward().reserve() == null) {
            throw new IllegalArgumentException("a backward pass needs a forward pass with a reserve");
        }
        shapes.check(call);
        int[] lengths = shorter(call.forward().lengths());
        boolean repack = !scratch.enter(this) || packedFor != call.forward();
        packedFor = null;
        run(lengths, CallKeys.of(call, repack), () -> backwardPass(call, lengths, repack));
        packedFor = call.forward();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        recordings.close();
        stacks.forEach(CudnnStack::close);
        scratch.leave();
    }

    private void run(int[] lengths, List<Long> key, Runnable pass) {
        if (lengths != null && context.isCapturing()) {
            throw new IllegalStateException(
                    "cuDNN takes lengths per sample from the host in every pass, which a CUDA graph"
                            + " would not repeat: a pass with lengths cannot be recorded");
        }
        if (graph && lengths == null) {
            recordings.run(key, pass);
        } else {
            pass.run();
        }
    }

    private void forwardPass(ForwardCall call, int[] lengths) {
        boolean keeps = call.reserve() != null;
        long reserve = address(call.reserve());
        long hy = apart(Use.HY, call.hx(), call.hy());
        long cy = apart(Use.CY, call.cx(), call.cy());
        if (lengths != null) {
            call.y().clear();
        }
        long x = call.x().address();
        for (int i = 0; i < stacks.size(); i++) {
            boolean last = i == stacks.size() - 1;
            long y = last ? call.y().address() : keeps ? reserve + reservePlan.output()[i] : between(i);
            if (lengths != null && !last) {
                context.fill(y, (byte) 0, outputBytes());
            }
            CudnnStack stack = stacks.get(i);
            CudnnTensors tensors = tensors(stack, x, call.hx(), call.cx(), y, hy, cy);
            stack.rnn(lengths)
                    .forward(
                            tensors,
                            weights.packed(stack.map(lengths), call.parameters(), i, true),
                            workspace(),
                            keeps ? reserve + reservePlan.library()[i] : 0);
            x = y;
            if (keeps && !last) {
                x = reserve + reservePlan.dropped()[i];
                dropout(i, y, x, call.random());
            }
        }
        copyBack(hy, call.hy());
        copyBack(cy, call.cy());
    }

    private void backwardPass(BackwardCall call, int[] lengths, boolean repack) {
        ForwardCall forward = call.forward();
        long reserve = forward.reserve().address();
        long dy = call.dy() == null ? zeros() : call.dy().address();
        for (int i = stacks.size() - 1; i >= 0; i--) {
            long x = i == 0 ? forward.x().address() : reserve + reservePlan.dropped()[i - 1];
            boolean last = i == stacks.size() - 1;
            long y = last ? forward.y().address() : reserve + reservePlan.output()[i];
            long dx = i == 0 ? inputGradient(call.dx()) : between(i);
            if (lengths != null) {
                context.fill(dx, (byte) 0, i == 0 ? inputBytes() : outputBytes());
            }
            CudnnTensors tensors = tensors(stacks.get(i), x, forward.hx(), forward.cx(), y, 0, 0);
            long packed = weights.packed(stacks.get(i).map(lengths), forward.parameters(), i, repack);
            backwardStack(call, lengths, i, tensors, packed, dy, dx);
            if (i > 0) {
                dropout(i - 1, dx, dx, forward.random());
            }
            dy = dx;
        }
    }

    private void backwardStack(
            BackwardCall call, int[] lengths, int i, CudnnTensors tensors, long packed, long dy, long dx) {
        CudnnStack stack = stacks.get(i);
        long reserve = call.forward().reserve().address() + reservePlan.library()[i];
        CudnnGradients gradients = new CudnnGradients(
                dy,
                hidden(stack, call.dhy()),
                cell(stack, call.dcy()),
                dx,
                hidden(stack, call.dhx()),
                cell(stack, call.dcx()));
        WeightMap map = stack.map(lengths);
        stack.rnn(lengths).backwardData(tensors, gradients, packed, workspace(), reserve);
        if (call.dParameters() != null) {
            long target = weights.gradientTarget(map, call.dParameters(), call.accumulate());
            stack.rnn(lengths).backwardWeights(tensors, target, workspace(), reserve);
            weights.gradientDone(map, call.dParameters(), call.accumulate(), target);
        }
    }

    private CudnnTensors tensors(CudnnStack stack, long x, Tensor hx, Tensor cx, long y, long hy, long cy) {
        return new CudnnTensors(
                x,
                hidden(stack, hx),
                cell(stack, cx),
                y,
                offset(hy, hiddenOffset(stack)),
                offset(cy, cellOffset(stack)));
    }

    private long hidden(CudnnStack stack, Tensor state) {
        return offset(address(state), hiddenOffset(stack));
    }

    private long cell(CudnnStack stack, Tensor state) {
        return offset(address(state), cellOffset(stack));
    }

    private long hiddenOffset(CudnnStack stack) {
        return (long) stack.first()
                * config.directions()
                * batch
                * config.outputSize()
                * config.dataType().bytes();
    }

    private long cellOffset(CudnnStack stack) {
        return (long) stack.first()
                * config.directions()
                * batch
                * config.hiddenSize()
                * config.dataType().bytes();
    }

    private void dropout(int layer, long from, long to, Tensor random) {
        float p = (float) config.dropout();
        if (p >= 1) {
            context.fill(to, (byte) 0, outputBytes());
            return;
        }
        long elements = outputBytes() / config.dataType().bytes();
        long period = config.dropoutPeriod(batch);
        kernels.dropout(WeightTransfer.type(config.dataType()), layer, p, elements, period, random.address(), from, to);
    }

    /** A final state that would overwrite the initial one goes elsewhere first: cuDNN does not say when it reads that. */
    private long apart(Use use, Tensor initial, Tensor last) {
        if (initial != null && last != null && initial.address() == last.address()) {
            return block(use, last.byteSize());
        }
        return address(last);
    }

    private void copyBack(long computed, Tensor wanted) {
        if (wanted != null && computed != wanted.address()) {
            context.copy(computed, wanted.address(), wanted.byteSize());
        }
    }

    private long zeros() {
        long address = block(Use.DY, outputBytes());
        context.fill(address, (byte) 0, outputBytes());
        return address;
    }

    private long inputGradient(Tensor dx) {
        return dx == null ? block(Use.DX, inputBytes()) : dx.address();
    }

    /** What passes between call i and its neighbour: two blocks take turns. */
    private long between(int i) {
        return block(i % 2 == 0 ? Use.LAYER_GRADIENT_EVEN : Use.LAYER_GRADIENT_ODD, outputBytes());
    }

    private long block(Use use, long bytes) {
        return scratch.take(use, bytes).address();
    }

    private long workspace() {
        return block(Use.WORKSPACE, largest(stacks.stream().map(CudnnStack::workspaceBytes)));
    }

    private long outputBytes() {
        return Math.multiplyExact(Math.multiplyExact((long) steps * batch, (long) config.totalOutputSize()), (long)
                config.dataType().bytes());
    }

    private long inputBytes() {
        return Math.multiplyExact(Math.multiplyExact((long) steps * batch, (long) config.inputSize()), (long)
                config.dataType().bytes());
    }

    /** The lengths, or null if every sample is full. */
    private int[] shorter(SequenceLengths lengths) {
        if (lengths == null) {
            return null;
        }
        int[] perSample = lengths.toArray();
        return Arrays.stream(perSample).allMatch(length -> length == steps) ? null : perSample;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this execution is closed");
        }
    }

    private static long largest(Stream<Long> sizes) {
        return sizes.mapToLong(Long::longValue).max().orElse(0);
    }

    private static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    private static long offset(long address, long bytes) {
        return address == 0 ? 0 : address + bytes;
    }
}
