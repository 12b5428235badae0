package dev.fusedrnn.engine;

import dev.fusedrnn.internal.fused.LayerPart;
import dev.fusedrnn.internal.fused.RecurrencePass;

/** One layer after another, each over all time steps. */
final class LayersInTurn implements StackOrder {
    private final FusedStack stack;
    private final RecurrencePass pass;

    LayersInTurn(FusedStack stack) {
        this.stack = stack;
        this.pass = stack.newPass(0);
    }

    @Override
    public String plan() {
        return "";
    }

    @Override
    public void forward(ForwardCall call) {
        for (int l = 0; l < stack.count(); l++) {
            stack.bindForward(pass, call, l);
            gateInputs(call, l);
            stack.layer(l).part(0).forward(pass, stack.weights(l));
            stack.dropOutput(call, l, 0, stack.shape(l));
        }
    }

    private void gateInputs(ForwardCall call, int l) {
        if (l == 0 && call.tokens() != null) {
            stack.tokens().makeTable(pass, call.tokens(), stack.weights(0));
            stack.tokens().gateInputs(pass, call.tokens(), 0, stack.shape(0));
        } else {
            stack.layer(l).part(0).gateInputs(pass, stack.input(call, l), stack.weights(l));
        }
    }

    @Override
    public void backward(BackwardCall call) {
        StackGradients gradients = stack.gradients();
        gradients.begin(call);
        for (int l = stack.count() - 1; l >= 0; l--) {
            LayerPart layer = stack.layer(l).part(0);
            stack.bindForward(pass, call.forward(), l);
            stack.bindBackward(pass, call, l);
            gradients.awaitTurn(call, l, pass.stream);
            if (layer.shape().recomputesGates()) {
                stack.bindGates(pass, l);
                gateInputs(call.forward(), l);
                layer.gates(pass, stack.weights(l));
            }
            layer.backward(pass, stack.weights(l));
            // The recurrence below waits for the input's gradient, so that comes first, alone, where there is one.
            if (l > 0) {
                layer.inputGradient(pass, stack.weights(l), stack.outputGradient(call, l - 1));
                stack.dropGradient(call, l - 1, 0, stack.shape(l - 1));
            }
            gradients.queue(call, l, pass);
        }
        if (call.dx() != null) {
            stack.layer(0)
                    .part(0)
                    .inputGradient(pass, stack.weights(0), call.dx().address());
        }
        gradients.settle();
    }

    @Override
    public void close() {
        // Holds nothing of the device.
    }
}
