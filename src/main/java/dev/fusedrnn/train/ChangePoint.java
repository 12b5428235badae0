package dev.fusedrnn.train;

import java.util.Arrays;

/**
 * The time at which a series jumps: the one that leaves the least squared error of a straight line with a step in it.
 *
 * @param time the first time behind the jump
 * @param jump how far it goes up, the line's slope apart
 * @param share of the squared error of the line alone that the step explains, in [0, 1]
 */
public record ChangePoint(int time, double jump, double share) {
    private static final int LEAST = 2;

    /** Finds it in a series of one column of 5 times or more; each side of the jump has {@value #LEAST} times or more. */
    public static ChangePoint find(Series series) {
        int length = series.length();
        if (series.columns() != 1 || length < 2 * LEAST + 1) {
            throw new IllegalArgumentException(
                    "a series of one column and " + (2 * LEAST + 1) + " times or more is expected, found " + series);
        }
        double[] line = withoutLine(series.values());
        double whole = product(line, line);
        ChangePoint best = new ChangePoint(LEAST, 0, -1);
        for (int time = LEAST; time <= length - LEAST; time++) {
            double[] step = new double[length];
            Arrays.fill(step, time, length, 1);
            step = withoutLine(step);
            double jump = product(step, line) / product(step, step);
            double share = whole == 0 ? 0 : jump * product(step, line) / whole;
            best = share > best.share ? new ChangePoint(time, jump, share) : best;
        }
        return best;
    }

    /** What a straight line leaves of values. */
    private static double[] withoutLine(double[] values) {
        int length = values.length;
        double middle = (length - 1) / 2.0;
        double mean = 0;
        double slope = 0;
        double spread = 0;
        for (int t = 0; t < length; t++) {
            mean += values[t] / length;
            slope += (t - middle) * values[t];
            spread += (t - middle) * (t - middle);
        }
        double[] left = new double[length];
        for (int t = 0; t < length; t++) {
            left[t] = values[t] - mean - slope / spread * (t - middle);
        }
        return left;
    }

    private static double product(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
