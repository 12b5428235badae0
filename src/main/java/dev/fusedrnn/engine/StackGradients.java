package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.cuda.Event;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.LayerWeights;
import dev.fusedrnn.internal.fused.RecurrencePass;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Weight gradients of a stack: queued on the side as soon as a layer's recurrence has left the gradients of its gates. */
final class StackGradients implements AutoCloseable {
    private final FusedStack stack;
    private final Scratch scratch;
    private final CudaContext context;
    private final WorkQueue side;
    /** When the weight gradients that read one of the turns of the workspace have been computed. */
    private final List<Event> done = new ArrayList<>();

    private Tensor maskedX;
    private long x;

    /** {@code side} is null in inference. */
    StackGradients(FusedStack stack, Device device, WorkQueue side, Scratch scratch) {
        this.stack = stack;
        this.scratch = scratch;
        this.context = CudaContext.of(device);
        this.side = side;
        for (int turn = 0; side != null && turn < stack.memory().turns; turn++) {
            done.add(new Event(context));
        }
    }

    /** Takes what a pass over samples of different lengths needs; not within a recording. */
    void makeRoomForLengths() {
        if (side != null && maskedX == null) {
            LayerShape first = stack.shape(0);
            maskedX = scratch.take(Scratch.Use.MASKED_INPUT, first.bytes(first.rows() * first.inputs()));
        }
    }

    /** Begins a backward pass, on the context's stream. */
    void begin(BackwardCall call) {
        x = maskedInput(call);
    }

    /** Has {@code stream} wait until a layer's part of the workspace has been read by the layer that had it before. */
    void awaitTurn(BackwardCall call, int l, long stream) {
        if (call.dParameters() != null && l < stack.count() - done.size()) {
            done.get(l % done.size()).awaitOn(stream);
        }
    }

    /** Queues a layer's weight gradients behind what the pass's stream holds; the pass is one over all time steps. */
    void queue(BackwardCall call, int l, RecurrencePass pass) {
        Tensor gradients = call.dParameters();
        if (gradients == null) {
            return;
        }
        int type = LayerShape.type(CudaType.valueOf(gradients.dataType().name()));
        LayerWeights.Flat[] flat = stack.parameters().of(gradients, l);
        SideStream.of(context).fork(pass.stream);
        long input = l == 0 ? x : stack.input(call.forward(), l);
        stack.layer(l).weightGradients(pass, input, flat, type, call.accumulate(), stack.gradientScratch());
        if (l == 0 && call.forward().tokens() != null) {
            stack.tokens().gradients(pass, call, flat, type, stack.weights(0));
        }
        done.get(l % done.size()).record(side.stream());
    }

    /** Ends a backward pass. */
    void settle() {
        SideStream.of(context).settle();
    }

    /** The first layer's input with zeros behind the lengths, where the caller's may hold anything, NaN included; 0 with tokens. */
    private long maskedInput(BackwardCall call) {
        ForwardCall forward = call.forward();
        if (forward.lengths() == null || call.dParameters() == null || forward.tokens() != null) {
            return FusedStack.address(forward.x());
        }
        long copy = maskedX.address();
        context.copy(forward.x().address(), copy, forward.x().byteSize());
        stack.mask(copy);
        return copy;
    }

    @Override
    public void close() {
        done.forEach(Event::close);
    }
}
