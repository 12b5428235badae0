package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;

/**
 * Adam (Kingma and Ba 2015): {@code m = beta1·m + (1−beta1)·g; v = beta2·v + (1−beta2)·g²; w −= lr·(m/(1−beta1ᵗ)) / (√(v/(1−beta2ᵗ)) +
 * epsilon)}.
 *
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon above 0
 * @param weightDecay 0 or more; added to g as {@code weightDecay·w}
 */
public record Adam(double beta1, double beta2, double epsilon, double weightDecay) implements OptimizerConfig {
    public Adam {
        Ranges.belowOne("beta1", beta1);
        Ranges.belowOne("beta2", beta2);
        Ranges.positive("epsilon", epsilon);
        Ranges.notNegative("weightDecay", weightDecay);
    }

    /** Betas 0.9 and 0.999, epsilon 1e-8. */
    public static Adam usual() {
        return new Adam(0.9, 0.999, 1e-8, 0);
    }

    @Override
    public String id() {
        return "adam";
    }

    @Override
    public Adam withWeightDecay(double weightDecay) {
        return new Adam(beta1, beta2, epsilon, weightDecay);
    }

    @Override
    public OptimizerUpdate.Rule rule() {
        return new OptimizerUpdate.Adam((float) beta1, (float) beta2, (float) epsilon, (float) weightDecay, false);
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
