package dev.fusedrnn.internal.fused;

import java.util.function.IntToDoubleFunction;

/**
 * Into how many parts in time a stack is cut so that its layers run as a wavefront, and how many of them run at once. More parts
 * let the next layer begin earlier, and each costs a launch and the loading of the weights again. More layers at once leave each
 * a smaller share of the device, on which a step may take longer or not be possible at all.
 */
public final class WavefrontPolicy {
    /** What a part takes besides its steps, in each pass: launches, weights, the first exchange. An estimate, in microseconds. */
    static final double MICROS_PER_PART = 12;
    /** Each has matrix products with a workspace of their own. */
    private static final int MOST_LANES = 4;

    private static final int MOST_PARTS = 16;
    private static final long ALIGNMENT = 16;

    private WavefrontPolicy() {}

    /**
     * A wavefront.
     *
     * @param lanes layers at once
     * @param partSteps time steps of a part; the last one may have fewer
     * @param micros estimated time of all passes
     */
    public record Choice(int lanes, long partSteps, double micros) {}

    /**
     * What a stack is, for this policy.
     *
     * @param steps T
     * @param layers L
     * @param passes 2 in training, else 1
     * @param unit steps of a part are a multiple of these
     * @param microsPerStep of a layer, all passes together, if so many run at once; infinite if they do not fit on the device
     */
    public record Stack(long steps, int layers, int passes, long unit, IntToDoubleFunction microsPerStep) {
        double inTurn() {
            return layers * (steps * microsPerStep.applyAsDouble(1) + passes * MICROS_PER_PART);
        }

        long partSteps(int parts) {
            return (((steps + parts - 1) / parts) + unit - 1) / unit * unit;
        }
    }

    /** The wavefront that promises to be fastest; null if none promises to be faster than the layers in turn. */
    public static Choice choose(Stack stack) {
        Choice best = null;
        for (int parts = 2; parts <= MOST_PARTS; parts++) {
            Choice choice = stack.partSteps(parts) < stack.steps() ? of(stack, parts) : null;
            if (choice != null && (best == null || choice.micros() < best.micros())) {
                best = choice;
            }
        }
        return best != null && best.micros() < stack.inTurn() ? best : null;
    }

    /** The fastest wavefront of at most so many parts, however slow; null if no two layers fit on the device at once. */
    public static Choice of(Stack stack, int parts) {
        long partSteps = stack.partSteps(parts);
        Choice best = null;
        for (int lanes = 2; lanes <= Math.min(stack.layers(), MOST_LANES); lanes++) {
            double micros = micros(stack, lanes, partSteps);
            if (Double.isFinite(micros) && (best == null || micros < best.micros())) {
                best = new Choice(lanes, partSteps, micros);
            }
        }
        return best;
    }

    /** Steps after which all tensors of a part begin at multiples of 16 bytes, as kernels want them. */
    public static long unit(LayerShape shape) {
        long unit = 1;
        for (long values : new long[] {shape.inputs(), shape.outputs(), shape.gateRows()}) {
            long bytes = shape.bytes(shape.batch() * values);
            unit = Math.max(unit, ALIGNMENT / Math.min(ALIGNMENT, Long.lowestOneBit(bytes)));
        }
        return unit;
    }

    /** When the last layer is through: a part waits for the one below it, for the one before it, and for a lane. */
    private static double micros(Stack stack, int lanes, long partSteps) {
        double perStep = stack.microsPerStep().applyAsDouble(lanes);
        int parts = (int) ((stack.steps() + partSteps - 1) / partSteps);
        double[] below = new double[parts];
        double[] laneFree = new double[lanes];
        for (int l = 0; l < stack.layers(); l++) {
            double time = laneFree[l % lanes];
            for (int k = 0; k < parts; k++) {
                long steps = Math.min(partSteps, stack.steps() - k * partSteps);
                time = Math.max(time, below[k]) + steps * perStep + stack.passes() * MICROS_PER_PART;
                below[k] = time;
            }
            laneFree[l % lanes] = time;
        }
        return below[parts - 1];
    }
}
