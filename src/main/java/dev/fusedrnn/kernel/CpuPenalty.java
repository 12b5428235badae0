package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.Tensor;

/** The penalty on outputs and their change in time, in CPU memory. */
final class CpuPenalty {
    private static final int SIZE = FloatBlocks.SIZE;

    private final FloatBlocks blocks;
    private final float[] before = new float[SIZE];
    private final float[] now = new float[SIZE];
    private final float[] after = new float[SIZE];
    private final float[] gradient = new float[SIZE];

    CpuPenalty(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void add(Tensor y, Tensor dy, float activity, float change, Tensor gradientScale, Tensor loss) {
        FloatBlocks.requireElements("dy", dy, y.elements());
        float scale = 2 * blocks.scalar(gradientScale);
        long steps = y.shape().extent(0);
        long width = y.elements() / steps;
        double sum = blocks.scalar(loss);
        for (long t = 0; t < steps; t++) {
            for (long from = 0; from < width; from += SIZE) {
                int count = (int) Math.min(SIZE, width - from);
                long at = t * width + from;
                // The first step has no step before it and the last none after: no change there.
                blocks.load(y, at, now, count);
                blocks.load(y, t > 0 ? at - width : at, before, count);
                blocks.load(y, t + 1 < steps ? at + width : at, after, count);
                blocks.load(dy, at, gradient, count);
                sum += add(activity, change, scale, count);
                blocks.store(dy, at, gradient, count);
            }
        }
        blocks.setScalar(loss, (float) sum);
    }

    private double add(float activity, float change, float scale, int count) {
        double squares = 0;
        double changes = 0;
        for (int i = 0; i < count; i++) {
            float fromBefore = now[i] - before[i];
            float toNext = after[i] - now[i];
            squares += (double) now[i] * now[i];
            changes += (double) fromBefore * fromBefore;
            gradient[i] += scale * (activity * now[i] + change * (fromBefore - toNext));
        }
        return activity * squares + change * changes;
    }
}
