package dev.fusedrnn.train;

import java.io.Serializable;

/**
 * What large and fast changing outputs of the last layer cost in training (Merity, McCann and Socher 2017): {@code
 * activity·mean(m²)} with m the output behind its dropout, and {@code change·mean((h[t] − h[t−1])²)} with h the output before
 * it, over the steps of a minibatch. Scaled like the losses: the means are over all tokens of a minibatch, and {@link
 * Reduction#SUM_OVER_TIME} multiplies them by T too. The perplexity does not contain it.
 *
 * @param activity alpha, 0 or more: activation regularisation (AR)
 * @param change beta, 0 or more: temporal activation regularisation (TAR)
 */
public record ActivityPenalty(double activity, double change) implements Serializable {
    /** None. */
    public static final ActivityPenalty NONE = new ActivityPenalty(0, 0);

    public ActivityPenalty {
        requireNotNegative("activity", activity);
        requireNotNegative("change", change);
    }

    /** Whether there is any. */
    public boolean any() {
        return activity > 0 || change > 0;
    }

    /** Factor of Σ m², so that the sum over tokens divided by their number is the mean above. */
    float activityFactor(long features) {
        return (float) (activity / features);
    }

    /** Factor of Σ (h[t] − h[t−1])²; {@code steps} steps have one change less. */
    float changeFactor(int steps, long features) {
        return steps < 2 ? 0 : (float) (change / features * steps / (steps - 1));
    }

    private static void requireNotNegative(String field, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(field + " must be 0 or a positive finite number, found " + value);
        }
    }
}
