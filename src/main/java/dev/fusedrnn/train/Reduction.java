package dev.fusedrnn.train;

import java.util.Arrays;
import java.util.Locale;

/** How the losses of a minibatch become the one number that is differentiated. */
public enum Reduction {
    /** Mean over the targets that are not ignored: the book "Dive into Deep Learning". */
    MEAN,
    /** Sum over time steps, mean over examples (Zaremba et al. 2014). Gradients are T times those of the mean. */
    SUM_OVER_TIME;

    /** What the sum of losses is multiplied by. */
    double factor(long targets, int batch) {
        return this == MEAN ? 1.0 / Math.max(1, targets) : 1.0 / batch;
    }

    /** Lower-case name with dashes. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The inverse of {@link #id}.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public static Reduction parse(String id) {
        return Arrays.stream(values())
                .filter(reduction -> reduction.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("reduction must be one of "
                        + Arrays.stream(values()).map(Reduction::id).toList() + ", found " + id));
    }
}
