package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Event;
import dev.fusedrnn.internal.cuda.Lanes;
import dev.fusedrnn.internal.fused.LayerPart;
import dev.fusedrnn.internal.fused.RecurrencePass;
import dev.fusedrnn.internal.fused.SequencePart;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;

/**
 * Layers of one direction at work at the same time on different parts of the sequence: a layer takes a part as soon as the layer
 * below has finished it, and on the way back as soon as the layer above has. So a stack takes about as many steps as the sequence
 * and a part for each further layer, where its layers in turn take all steps each. Weight gradients are products over all time
 * steps, on the side, as soon as a layer is through.
 *
 * <p>As many layers run at once as there are lanes, each on its own; {@link Lanes} says why none waits for ever. With more layers
 * than lanes, a layer follows on the lane of the one that many layers before it.
 */
final class Wavefront implements StackOrder {
    private final FusedStack stack;
    private final Lanes lanes;
    private final List<RecurrencePass> passes = new ArrayList<>();
    /** When a layer has finished a part, by layer and part. */
    private final List<List<Event>> finished = new ArrayList<>();

    Wavefront(FusedStack stack, Device device) {
        CudaContext context = CudaContext.of(device);
        this.stack = stack;
        this.lanes = Lanes.of(context);
        for (int lane = 0; lane < stack.lanes(); lane++) {
            passes.add(stack.newPass(lane));
        }
        for (int l = 0; l < stack.count(); l++) {
            List<Event> events = new ArrayList<>();
            for (int k = 0; k < stack.layer(l).parts(); k++) {
                events.add(new Event(context));
            }
            finished.add(events);
        }
    }

    /** The lane of a layer, forward and backward: layers that run at once are neighbours. */
    static int laneOf(int layer, int lanes) {
        return layer % lanes;
    }

    @Override
    public String plan() {
        return ", wavefront of " + stack.layer(0).parts() + " chunks, " + stack.lanes() + " layers at once";
    }

    @Override
    public void forward(ForwardCall call) {
        lanes.fork(stack.lanes());
        if (call.tokens() != null) {
            stack.tokens().makeTable(passes.get(0), call.tokens(), stack.weights(0));
        }
        for (int begin = 0; begin < stack.count(); begin += stack.lanes()) {
            int end = Math.min(begin + stack.lanes(), stack.count());
            for (int k = 0; k < stack.layer(begin).parts(); k++) {
                for (int l = begin; l < end; l++) {
                    forward(call, l, k);
                }
            }
        }
        lanes.join(stack.lanes());
    }

    private void forward(ForwardCall call, int l, int k) {
        RecurrencePass pass = passes.get(laneOf(l, stack.lanes()));
        LayerPart layer = stack.layer(l).part(k);
        SequencePart part = part(l, k);
        if (l > 0) {
            finished.get(l - 1).get(k).awaitOn(pass.stream);
        }
        stack.bindForward(pass, call, l);
        part.cutForward(pass, stack.carriedC(l));
        if (l == 0 && call.tokens() != null) {
            stack.tokens().gateInputs(pass, call.tokens(), part.first(), layer.shape());
        } else {
            long x = stack.input(call, l) + part.bytes(layer.shape().inputs());
            layer.gateInputs(pass, x, stack.weights(l));
        }
        layer.forward(pass, stack.weights(l));
        stack.dropOutput(call, l, part.first(), layer.shape());
        finished.get(l).get(k).record(pass.stream);
    }

    @Override
    public void backward(BackwardCall call) {
        StackGradients gradients = stack.gradients();
        gradients.begin(call);
        stack.beginCarried(call);
        lanes.fork(stack.lanes());
        for (int end = stack.count(); end > 0; end -= stack.lanes()) {
            int begin = Math.max(0, end - stack.lanes());
            for (int k = stack.layer(begin).parts() - 1; k >= 0; k--) {
                for (int l = end - 1; l >= begin; l--) {
                    backward(call, l, k);
                }
            }
        }
        lanes.join(stack.lanes());
        gradients.settle();
    }

    private void backward(BackwardCall call, int l, int k) {
        StackGradients gradients = stack.gradients();
        RecurrencePass pass = passes.get(laneOf(l, stack.lanes()));
        LayerPart layer = stack.layer(l).part(k);
        SequencePart part = part(l, k);
        if (l < stack.count() - 1) {
            finished.get(l + 1).get(k).awaitOn(pass.stream);
        }
        if (part.last()) {
            gradients.awaitTurn(call, l, pass.stream);
        }
        bind(pass, call, l);
        part.cutBackward(pass, stack.carriedH(l), stack.carriedC(l));
        layer.backward(pass, stack.weights(l));
        long dx = l > 0 ? stack.outputGradient(call, l - 1) : FusedStack.address(call.dx());
        if (dx != 0) {
            layer.inputGradient(
                    pass, stack.weights(l), dx + part.bytes(layer.shape().inputs()));
        }
        if (l > 0) {
            stack.dropGradient(call, l - 1, part.first(), layer.shape());
        }
        finished.get(l).get(k).record(pass.stream);
        if (k == 0) {
            bind(pass, call, l);
            gradients.queue(call, l, pass);
        }
    }

    private void bind(RecurrencePass pass, BackwardCall call, int l) {
        stack.bindForward(pass, call.forward(), l);
        stack.bindBackward(pass, call, l);
    }

    private SequencePart part(int l, int k) {
        long first = k * stack.layer(l).part(0).shape().steps();
        return new SequencePart(stack.shape(l), first, k == stack.layer(l).parts() - 1);
    }

    @Override
    public void close() {
        finished.forEach(events -> events.forEach(Event::close));
    }
}
