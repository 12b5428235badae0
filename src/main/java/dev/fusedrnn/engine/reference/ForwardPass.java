package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.DropoutMask;
import dev.fusedrnn.tensor.Tensor;

/** One forward call: layer after layer, direction after direction, sample after sample, step after step. */
final class ForwardPass {
    private final RnnConfig config;
    private final Extents extents;
    private final Rounding rounding;
    private final Reserve reserve;
    private final ForwardCall call;
    private final double[] parameters;
    private final double[] h;
    private final double[] c;
    private final int[] random;

    ForwardPass(Extents extents, Rounding rounding, ForwardCall call) {
        this.config = extents.config();
        this.extents = extents;
        this.rounding = rounding;
        this.reserve = new Reserve(extents);
        this.call = call;
        this.parameters = call.parameters().toDoubles();
        this.h = valuesOrZeros(call.hx(), extents.state(config.outputSize()));
        this.c = valuesOrZeros(call.cx(), extents.state(extents.cellSize()));
        this.random =
                call.reserve() != null && config.drawsMasks() ? call.random().toInts() : null;
    }

    void run() {
        if (random != null) {
            reserve.putRandom(call.reserve(), random);
        }
        double[] sequence = call.x().toDoubles();
        for (int layer = 0; layer < config.layers(); layer++) {
            if (layer > 0 && random != null) {
                drop(sequence, config, extents.batch(), random, layer - 1, rounding);
            }
            sequence = layer(layer, sequence);
        }
        call.y().copyFrom(sequence);
        write(h, call.hy());
        write(c, call.cy());
    }

    private double[] layer(int layer, double[] input) {
        double[] output = new double[extents.sequence(config.totalOutputSize())];
        for (int direction = 0; direction < config.directions(); direction++) {
            Cell cell = Cell.of(config, Weights.of(config, parameters, layer, direction, rounding), rounding);
            Zoneout zoneout = new Zoneout(config, layer, direction, random, rounding);
            for (int n = 0; n < extents.batch(); n++) {
                sample(cell, zoneout, layer, direction, n, input, output);
            }
        }
        return output;
    }

    private void sample(Cell cell, Zoneout zoneout, int layer, int direction, int n, double[] input, double[] output) {
        int features = config.layerInputSize(layer);
        int size = config.outputSize();
        int stateAt = extents.stateAt(layer, direction, n, size);
        int cellAt = extents.stateAt(layer, direction, n, extents.cellSize());
        double[] state = Extents.slice(h, stateAt, size);
        double[] cells = Extents.slice(c, cellAt, extents.cellSize());
        Step step = Step.of(config, layer);
        int length = extents.length(call.lengths(), n);
        for (int s = 0; s < length; s++) {
            int t = Extents.time(direction, s, length);
            System.arraycopy(input, extents.at(t, n, features), step.x(), 0, features);
            System.arraycopy(state, 0, step.h(), 0, size);
            System.arraycopy(cells, 0, step.c(), 0, cells.length);
            cell.forward(step.x(), state, cells, step.kept());
            zoneout.mixHidden(zoneout.hidden(t, n, extents.batch()), step.h(), state);
            zoneout.mixCell(zoneout.cell(t, n, extents.batch()), step.c(), cells);
            System.arraycopy(state, 0, output, extents.at(t, n, config.totalOutputSize()) + direction * size, size);
            if (call.reserve() != null) {
                step.write(reserve.block(call.reserve(), layer, direction), reserve.index(t, n));
            }
        }
        System.arraycopy(state, 0, h, stateAt, size);
        System.arraycopy(cells, 0, c, cellAt, cells.length);
    }

    /** Multiplies every element of a layer's output, or of its gradient, by its factor of the dropout mask. */
    static void drop(double[] sequence, RnnConfig config, int batch, int[] random, int stream, Rounding rounding) {
        if (config.dropout() == 0) {
            return;
        }
        float p = (float) config.dropout();
        long period = config.variationalDropout() ? config.dropoutPeriod(batch) : sequence.length;
        for (int e = 0; e < sequence.length; e++) {
            float factor = DropoutMask.factor(p, random[0], random[1], random[2], stream, e % period);
            sequence[e] = rounding.stored(sequence[e] * factor);
        }
    }

    /** A tensor's values, or zeros where there is none. */
    static double[] valuesOrZeros(Tensor tensor, int count) {
        return tensor == null ? new double[count] : tensor.toDoubles();
    }

    /** Sets a tensor, if it is wanted. */
    static void write(double[] values, Tensor tensor) {
        if (tensor != null) {
            tensor.copyFrom(values);
        }
    }
}
