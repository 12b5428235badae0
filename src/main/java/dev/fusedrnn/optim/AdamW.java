package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019): {@code m = beta1·m + (1−beta1)·g; v = beta2·v + (1−beta2)·g²; w −= lr·(m/(1−beta1ᵗ)) / (√(v/(1−beta2ᵗ)) +
 * epsilon)}.
 *
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon above 0
 * @param weightDecay 0 or more; {@code w −= lr·weightDecay·w} before the step
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay) implements OptimizerConfig {
    public AdamW {
        Ranges.belowOne("beta1", beta1);
        Ranges.belowOne("beta2", beta2);
        Ranges.positive("epsilon", epsilon);
        Ranges.notNegative("weightDecay", weightDecay);
    }

    /** Betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01. */
    public static AdamW usual() {
        return new AdamW(0.9, 0.999, 1e-8, 0.01);
    }

    @Override
    public String id() {
        return "adamw";
    }

    @Override
    public AdamW withWeightDecay(double weightDecay) {
        return new AdamW(beta1, beta2, epsilon, weightDecay);
    }

    @Override
    public OptimizerUpdate.Rule rule() {
        return new OptimizerUpdate.Adam((float) beta1, (float) beta2, (float) epsilon, (float) weightDecay, true);
    }

    @Override
    public boolean usesMoment1() {
        return true;
    }

    @Override
    public boolean usesMoment2() {
        return true;
    }
}
