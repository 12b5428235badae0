package dev.fusedrnn.train;

import dev.fusedrnn.tensor.DataType;

/**
 * The factor that keeps gradients of F16 training within the type's range (Micikevicius et al., "Mixed precision training",
 * 2018): halved when a step's gradients were not finite, doubled after {@value #GROWTH_STEPS} steps in which they were. Other
 * types need none.
 *
 * <p>A step that overflowed leaves the parameters alone on the device without the host knowing. So whether one did is looked
 * at only now and then: after each step while the scale is being searched, else every {@value #CHECK_STEPS} steps.
 */
final class LossScale {
    static final int GROWTH_STEPS = 2000;
    static final int CHECK_STEPS = 16;
    private static final float START = 1 << 16;
    private static final float MOST = 1 << 24;

    private final boolean active;
    private float scale;
    private int finiteSteps;

    LossScale(DataType dataType) {
        this.active = dataType == DataType.F16;
        this.scale = active ? START : 1;
    }

    float scale() {
        return scale;
    }

    int finiteSteps() {
        return finiteSteps;
    }

    void restore(float savedScale, int savedFiniteSteps) {
        scale = savedScale;
        finiteSteps = savedFiniteSteps;
    }

    /** Whether the caller should read the factor of the step just queued. */
    boolean wantsCheck() {
        if (!active) {
            return false;
        }
        finiteSteps++;
        return finiteSteps <= CHECK_STEPS || finiteSteps % CHECK_STEPS == 0;
    }

    /** Takes note of the factor of the last step; NaN if its gradients were not finite. */
    void check(float factor) {
        if (Float.isNaN(factor)) {
            scale = Math.max(1, scale / 2);
            finiteSteps = 0;
        } else if (finiteSteps >= GROWTH_STEPS) {
            scale = Math.min(MOST, scale * 2);
            finiteSteps = 0;
        }
    }
}
