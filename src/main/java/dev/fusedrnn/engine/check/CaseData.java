package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import java.util.Arrays;
import java.util.Random;

/**
 * What goes into one forward and backward pass, in double. Arrays are the record's own: whoever changes one changes the
 * case. Shapes as in {@link dev.fusedrnn.engine.ForwardCall} and {@link dev.fusedrnn.engine.BackwardCall}; a null stands
 * for "not given".
 *
 * @param config the stack
 * @param steps T
 * @param batch N
 * @param lengths valid steps, or null
 * @param random seed low, seed high, draw, 0 of the dropout generator
 */
public record CaseData(
        RnnConfig config,
        int steps,
        int batch,
        SequenceLengths lengths,
        double[] parameters,
        double[] x,
        double[] hx,
        double[] cx,
        double[] dy,
        double[] dhy,
        double[] dcy,
        int[] random) {
    /** Up to this many sums it is unlikely that one is within float rounding of zero. */
    private static final long MOST_FREE_UNITS = 10_000;

    /**
     * Fresh data of a case: everything of order 1, parameters uniform in ±1/√H; each value is one the case's data type
     * holds exactly, so that all engines and the exact reference start from the same numbers.
     *
     * <p>The gradient of ReLU jumps at zero, and in a 16-bit type or among many elements some sum lies so near that honest
     * rounding changes its sign. There x and hx are positive and the weights of a unit have one sign.
     */
    public static CaseData draw(EngineCase engineCase) {
        CaseData data = drawFreely(engineCase);
        RnnConfig config = data.config();
        long units = (long) data.steps() * data.batch() * config.layers() * config.totalOutputSize();
        boolean nearZero = config.dataType().isHalf() || units > MOST_FREE_UNITS;
        return config.cell() == CellType.RNN_RELU && nearZero ? data.withUnitsOfOneSign() : data;
    }

    private CaseData withUnitsOfOneSign() {
        double[] signed = parameters.clone();
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            // The recurrent matrix is made smaller, for sums without cancellation would grow from step to step.
            double scale = entry.name().startsWith("weight_hh") ? 1 / Math.sqrt(config.hiddenSize()) : 1;
            for (int i = 0; i < entry.elements(); i++) {
                int at = Math.toIntExact(entry.offset()) + i;
                double sign = i / entry.columns() % 2 == 0 ? 1 : -1;
                signed[at] = config.dataType().round(sign * scale * Math.abs(signed[at]));
            }
        }
        double[] positiveState =
                hx == null ? null : Arrays.stream(hx).map(Math::abs).toArray();
        return withParameters(signed)
                .withInput(Arrays.stream(x).map(Math::abs).toArray())
                .withState(positiveState, cx);
    }

    private static CaseData drawFreely(EngineCase engineCase) {
        RnnConfig config = engineCase.config();
        int steps = engineCase.steps();
        int batch = engineCase.batch();
        Random random = new Random(engineCase.seed());
        int states = Math.multiplyExact(config.layers() * config.directions(), batch);
        int h = Math.multiplyExact(states, config.outputSize());
        int c = Math.multiplyExact(states, config.hiddenSize());
        int sequence = Math.multiplyExact(steps, batch);
        boolean cells = engineCase.state() && config.cell().hasCellState();
        DataType type = config.dataType();
        int parameters = Math.toIntExact(ParameterLayout.of(config).elements());
        return new CaseData(
                config,
                steps,
                batch,
                engineCase.sequenceLengths(),
                uniform(random, parameters, 1 / Math.sqrt(config.hiddenSize()), type),
                uniform(random, Math.multiplyExact(sequence, config.inputSize()), 1.5, type),
                engineCase.state() ? uniform(random, h, 1, type) : null,
                cells ? uniform(random, c, 1, type) : null,
                uniform(random, Math.multiplyExact(sequence, config.totalOutputSize()), 1, type),
                engineCase.state() ? uniform(random, h, 1, type) : null,
                cells ? uniform(random, c, 1, type) : null,
                new int[] {random.nextInt(), random.nextInt(), random.nextInt(1000), 0});
    }

    private static double[] uniform(Random random, int count, double limit, DataType type) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = type.round((2 * random.nextDouble() - 1) * limit);
        }
        return values;
    }

    /** The same with other parameters. */
    public CaseData withParameters(double[] parameters) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same with another input. */
    public CaseData withInput(double[] x) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same with another initial state. */
    public CaseData withState(double[] hx, double[] cx) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same with other gradients of y, hy and cy. */
    public CaseData withGradients(double[] dy, double[] dhy, double[] dcy) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same with other lengths, or null for none. */
    public CaseData withLengths(SequenceLengths lengths) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same numbers for another configuration of the same sizes: another data type, another clip, … */
    public CaseData withConfig(RnnConfig config) {
        return new CaseData(config, steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy, random);
    }

    /** The same with x and dy behind every sample's length set to {@code value}; the other arrays are shared. */
    public CaseData withPadding(double value) {
        double[] paddedX = x.clone();
        double[] paddedDy = dy.clone();
        for (int t = 0; t < steps; t++) {
            for (int n = 0; n < batch; n++) {
                if (isPadding(t, n)) {
                    fill(paddedX, t, n, config.inputSize(), value);
                    fill(paddedDy, t, n, config.totalOutputSize(), value);
                }
            }
        }
        return new CaseData(config, steps, batch, lengths, parameters, paddedX, hx, cx, paddedDy, dhy, dcy, random);
    }

    /** Whether time {@code t} lies behind the length of sample {@code n}. */
    public boolean isPadding(int t, int n) {
        return lengths != null && t >= lengths.get(n);
    }

    private void fill(double[] values, int t, int n, int features, double value) {
        int from = (t * batch + n) * features;
        Arrays.fill(values, from, from + features, value);
    }
}
