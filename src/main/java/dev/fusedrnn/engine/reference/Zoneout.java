package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.ZoneoutMask;

/**
 * Zoneout of the states of one layer and direction (Krueger et al., 2017), around a cell that computes ĥ and ĉ from h and c:
 *
 * <pre>
 *   h' = k∘h + (1 − k)∘ĥ     dĥ = (1 − k)∘dh'     dh = k∘dh' + what dĥ gives through the cell
 * </pre>
 *
 * and the same of c with a k of its own. In training k is a mask of ones (with probability p) and zeros, in inference it is
 * p everywhere.
 *
 * @param random seed low, seed high, draw, 0 in training; null in inference
 */
record Zoneout(RnnConfig config, int layer, int direction, int[] random, Rounding rounding) {
    /** k of h at time {@code t} of sample {@code n}; null if h never zones out. */
    double[] hidden(int t, int n, int batch) {
        return keep(config.zoneout(), false, config.outputSize(), (long) t * batch + n);
    }

    /** k of c. */
    double[] cell(int t, int n, int batch) {
        return keep(config.cellZoneout(), true, config.hiddenSize(), (long) t * batch + n);
    }

    private double[] keep(double p, boolean cell, int size, long row) {
        if (p == 0) {
            return null;
        }
        double[] keep = new double[size];
        int stream = ZoneoutMask.stream(layer, direction, cell);
        for (int j = 0; j < size; j++) {
            keep[j] = random == null
                    ? p
                    : ZoneoutMask.keeps((float) p, random[0], random[1], random[2], stream, row * size + j);
        }
        return keep;
    }

    /** Replaces h, which holds ĥ, by h'. */
    void mixHidden(double[] keep, double[] before, double[] h) {
        for (int j = 0; keep != null && j < h.length; j++) {
            h[j] = rounding.stored(mixed(keep[j], before[j], h[j]));
        }
    }

    /** Replaces c, which holds ĉ, by c'. */
    void mixCell(double[] keep, double[] before, double[] c) {
        for (int j = 0; keep != null && j < c.length; j++) {
            c[j] = rounding.summed(mixed(keep[j], before[j], c[j]));
        }
    }

    /** Takes the part of a state's gradient that goes to the step before out of {@code gradient}, and returns it. */
    static double[] split(double[] keep, double[] gradient) {
        double[] passed = new double[gradient.length];
        for (int j = 0; keep != null && j < gradient.length; j++) {
            if (keep[j] == 1) {
                passed[j] = gradient[j];
                gradient[j] = 0;
            }
        }
        return passed;
    }

    /** Adds what {@link #split} returned. */
    void join(double[] passed, double[] gradient) {
        for (int j = 0; j < gradient.length; j++) {
            gradient[j] = rounding.summed(gradient[j] + passed[j]);
        }
    }

    /** A value that does not count may be infinite. */
    private static double mixed(double keep, double before, double next) {
        return keep == 0 ? next : keep == 1 ? before : keep * before + (1 - keep) * next;
    }
}
