package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;
import java.util.List;

/**
 * Gradient descent that begins to average its iterates once validation stops improving: non-monotonically triggered averaged
 * SGD (Merity, Keskar and Socher 2018). Steps are those of {@link Sgd} without momentum throughout; the average {@code 1/(k − T
 * + 1)·Σ w_i} over the steps i from the trigger T on is what is evaluated and saved.
 *
 * @param patience n: averaging starts when a validation is worse than the best of those that lie n or more validations before
 *     the one preceding it; 0 or more
 * @param weightDecay 0 or more, added to g as {@code weightDecay·w}
 */
public record NtAsgd(int patience, double weightDecay) implements OptimizerConfig {
    public NtAsgd {
        Ranges.notNegative("patience", patience);
        Ranges.notNegative("weightDecay", weightDecay);
    }

    /** Patience 5, as in the paper, without decay. */
    public static NtAsgd usual() {
        return new NtAsgd(5, 0);
    }

    /** The same with another patience. */
    public NtAsgd withPatience(int patience) {
        return new NtAsgd(patience, weightDecay);
    }

    /**
     * Whether the last of these validations triggers averaging.
     *
     * @param validations of all epochs so far, lower is better
     */
    public boolean triggers(List<Double> validations) {
        int last = validations.size() - 1;
        for (int i = 0; i < last - patience; i++) {
            if (validations.get(last) > validations.get(i)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String id() {
        return "nt-asgd";
    }

    @Override
    public NtAsgd withWeightDecay(double weightDecay) {
        return new NtAsgd(patience, weightDecay);
    }

    @Override
    public OptimizerUpdate.Rule rule() {
        return new OptimizerUpdate.Sgd(0, (float) weightDecay);
    }

    @Override
    public boolean usesMoment1() {
        return false;
    }

    @Override
    public boolean usesMoment2() {
        return false;
    }
}
