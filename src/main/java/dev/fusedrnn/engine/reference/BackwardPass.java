package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Tensor;

/** One backward call: what {@link ForwardPass} did, in the opposite order. */
final class BackwardPass {
    private final RnnConfig config;
    private final Extents extents;
    private final Rounding rounding;
    private final Reserve reserve;
    private final BackwardCall call;
    private final ForwardCall forward;
    private final double[] parameters;
    private final double[] gradients;
    private final double[] dh;
    private final double[] dc;
    private final int[] random;

    BackwardPass(Extents extents, Rounding rounding, BackwardCall call) {
        this.config = extents.config();
        this.extents = extents;
        this.rounding = rounding;
        this.reserve = new Reserve(extents);
        this.call = call;
        this.forward = call.forward();
        this.parameters = forward.parameters().toDoubles();
        this.gradients = new double[Math.toIntExact(ParameterLayout.of(config).elements())];
        this.dh = ForwardPass.valuesOrZeros(call.dhy(), extents.state(config.outputSize()));
        this.dc = ForwardPass.valuesOrZeros(call.dcy(), extents.state(extents.cellSize()));
        this.random = reserve.random(forward.reserve());
    }

    void run() {
        double[] dSequence = ForwardPass.valuesOrZeros(call.dy(), extents.sequence(config.totalOutputSize()));
        for (int layer = config.layers() - 1; layer >= 0; layer--) {
            dSequence = layer(layer, dSequence);
            if (layer > 0) {
                ForwardPass.drop(dSequence, config, extents.batch(), random, layer - 1, rounding);
            }
        }
        ForwardPass.write(dSequence, call.dx());
        ForwardPass.write(dh, call.dhx());
        ForwardPass.write(dc, call.dcx());
        writeGradients(call.dParameters());
    }

    private double[] layer(int layer, double[] dOutput) {
        double[] dInput = new double[extents.sequence(config.layerInputSize(layer))];
        for (int direction = 0; direction < config.directions(); direction++) {
            Cell cell = Cell.of(config, Weights.of(config, parameters, layer, direction, rounding), rounding);
            Weights gradient = Weights.of(config, gradients, layer, direction, rounding);
            Zoneout zoneout = new Zoneout(config, layer, direction, random, rounding);
            for (int n = 0; n < extents.batch(); n++) {
                sample(cell, zoneout, gradient, layer, direction, n, dOutput, dInput);
            }
        }
        for (int e = 0; e < dInput.length; e++) {
            dInput[e] = rounding.stored(dInput[e]);
        }
        return dInput;
    }

    private void sample(
            Cell cell,
            Zoneout zoneout,
            Weights gradient,
            int layer,
            int direction,
            int n,
            double[] dOutput,
            double[] dInput) {
        int features = config.layerInputSize(layer);
        int size = config.outputSize();
        int stateAt = extents.stateAt(layer, direction, n, size);
        int cellAt = extents.stateAt(layer, direction, n, extents.cellSize());
        double[] dState = Extents.slice(dh, stateAt, size);
        double[] dCells = Extents.slice(dc, cellAt, extents.cellSize());
        Step step = Step.of(config, layer);
        int length = extents.length(forward.lengths(), n);
        for (int s = length - 1; s >= 0; s--) {
            int t = Extents.time(direction, s, length);
            int outputAt = extents.at(t, n, config.totalOutputSize()) + direction * size;
            for (int j = 0; j < size; j++) {
                dState[j] = rounding.summed(dState[j] + dOutput[outputAt + j]);
            }
            step.read(reserve.block(forward.reserve(), layer, direction), reserve.index(t, n));
            int inputAt = extents.at(t, n, features);
            double[] dx = Extents.slice(dInput, inputAt, features);
            double[] passedState = Zoneout.split(zoneout.hidden(t, n, extents.batch()), dState);
            double[] passedCells = Zoneout.split(zoneout.cell(t, n, extents.batch()), dCells);
            cell.backward(step, dState, dCells, dx, gradient);
            zoneout.join(passedState, dState);
            zoneout.join(passedCells, dCells);
            System.arraycopy(dx, 0, dInput, inputAt, features);
        }
        System.arraycopy(dState, 0, dh, stateAt, size);
        System.arraycopy(dCells, 0, dc, cellAt, dCells.length);
    }

    private void writeGradients(Tensor target) {
        if (target == null) {
            return;
        }
        if (call.accumulate()) {
            double[] before = target.toDoubles();
            for (int e = 0; e < gradients.length; e++) {
                gradients[e] = rounding.summed(before[e] + gradients[e]);
            }
        }
        target.copyFrom(gradients);
    }
}
