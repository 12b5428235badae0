package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * Sizes and values of a recurrent layer, the same for every system: uniform random numbers from a fixed seed, parameters in
 * ±1/√H, x and dy in ±1, states and their gradients in ±0.5.
 *
 * @param config the stack
 * @param steps T
 * @param batch N
 * @param lengths valid steps of each sample, or null if all are T
 * @param parameters flat, in the order of {@link ParameterLayout}
 * @param x [T, N, C]
 * @param hx [L·D, N, H]
 * @param cx [L·D, N, H], or null for cells without
 * @param dy [T, N, D·H]
 * @param dhy [L·D, N, H], or null for none; then no gradients of hx and cx are computed either
 * @param dcy [L·D, N, H], or null for cells without and where dhy is null
 */
public record LayerData(
        RnnConfig config,
        int steps,
        int batch,
        int[] lengths,
        float[] parameters,
        float[] x,
        float[] hx,
        float[] cx,
        float[] dy,
        float[] dhy,
        float[] dcy) {

    /** Draws all values. */
    public static LayerData drawn(RnnConfig config, int steps, int batch, int[] lengths) {
        SplittableRandom random = new SplittableRandom(20_261_123);
        long rows = Math.multiplyExact((long) steps, batch);
        long states = (long) config.layers() * config.directions() * batch * config.hiddenSize();
        boolean cells = config.cell().hasCellState();
        double range = 1 / Math.sqrt(config.hiddenSize());
        return new LayerData(
                config,
                steps,
                batch,
                lengths,
                uniform(random, ParameterLayout.of(config).elements(), range),
                uniform(random, rows * config.inputSize(), 1),
                uniform(random, states, 0.5),
                cells ? uniform(random, states, 0.5) : null,
                uniform(random, rows * config.totalOutputSize(), 1),
                uniform(random, states, 0.5),
                cells ? uniform(random, states, 0.5) : null);
    }

    /** The same values for a changed configuration. */
    public LayerData withConfig(UnaryOperator<RnnConfig> change) {
        return new LayerData(change.apply(config), steps, batch, lengths, parameters, x, hx, cx, dy, dhy, dcy);
    }

    /** The same with a gradient of y alone. */
    public LayerData withoutStateGradients() {
        return new LayerData(config, steps, batch, lengths, parameters, x, hx, cx, dy, null, null);
    }

    /** [L·D, N, H]. */
    public long[] stateShape() {
        return new long[] {(long) config.layers() * config.directions(), batch, config.hiddenSize()};
    }

    /** [T, N, C]. */
    public long[] inputShape() {
        return new long[] {steps, batch, config.inputSize()};
    }

    /** [T, N, D·H]. */
    public long[] outputShape() {
        return new long[] {steps, batch, config.totalOutputSize()};
    }

    private static float[] uniform(SplittableRandom random, long count, double range) {
        float[] values = new float[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) ((2 * random.nextDouble() - 1) * range);
        }
        return values;
    }
}
