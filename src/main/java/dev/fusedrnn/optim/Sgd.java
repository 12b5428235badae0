package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;

/**
 * Gradient descent: {@code g += weightDecay·w; v = momentum·v + g; w −= lr·v}, as PyTorch.
 *
 * @param momentum in [0, 1); 0 keeps no velocity
 * @param weightDecay 0 or more
 */
public record Sgd(double momentum, double weightDecay) implements OptimizerConfig {
    public Sgd {
        Ranges.belowOne("momentum", momentum);
        Ranges.notNegative("weightDecay", weightDecay);
    }

    /** Without momentum and decay. */
    public static Sgd plain() {
        return new Sgd(0, 0);
    }

    @Override
    public String id() {
        return "sgd";
    }

    @Override
    public Sgd withWeightDecay(double weightDecay) {
        return new Sgd(momentum, weightDecay);
    }

    @Override
    public OptimizerUpdate.Rule rule() {
        return new OptimizerUpdate.Sgd((float) momentum, (float) weightDecay);
    }

    @Override
    public boolean usesMoment1() {
        return momentum > 0;
    }

    @Override
    public boolean usesMoment2() {
        return false;
    }
}
