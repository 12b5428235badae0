package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;

/**
 * RMSProp (Tieleman and Hinton 2012): {@code s = alpha·s + (1−alpha)·g²; w −= lr·g/(√s + epsilon)}.
 *
 * @param alpha in [0, 1)
 * @param epsilon above 0
 * @param weightDecay 0 or more, added to g as {@code weightDecay·w}
 */
public record RmsProp(double alpha, double epsilon, double weightDecay) implements OptimizerConfig {
    public RmsProp {
        Ranges.belowOne("alpha", alpha);
        Ranges.positive("epsilon", epsilon);
        Ranges.notNegative("weightDecay", weightDecay);
    }

    /** alpha 0.99, epsilon 1e-8. */
    public static RmsProp usual() {
        return new RmsProp(0.99, 1e-8, 0);
    }

    @Override
    public String id() {
        return "rmsprop";
    }

    @Override
    public RmsProp withWeightDecay(double weightDecay) {
        return new RmsProp(alpha, epsilon, weightDecay);
    }

    @Override
    public OptimizerUpdate.Rule rule() {
        return new OptimizerUpdate.RmsProp((float) alpha, (float) epsilon, (float) weightDecay);
    }

    @Override
    public boolean usesMoment1() {
        return false;
    }

    @Override
    public boolean usesMoment2() {
        return true;
    }
}
