package dev.fusedrnn.train;

import java.util.Arrays;

/**
 * {@code x[t] = intercept + Σ_i weights[i]·x[t−lags+i]}, fitted by least squares in double: what networks are measured against.
 *
 * @param weights of the last values, the oldest first
 * @param intercept added
 */
public record LinearAutoregression(double[] weights, double intercept) {
    /** Keeps equations solvable where lags are multiples of each other. */
    private static final double RIDGE = 1e-9;

    public LinearAutoregression {
        weights = weights.clone();
    }

    /**
     * Fits a series of one column.
     *
     * @param lags 1 or more; the series must have more than twice as many times
     */
    public static LinearAutoregression fit(Series series, int lags) {
        if (lags < 1 || series.columns() != 1 || series.length() <= 2 * lags) {
            throw new IllegalArgumentException("lags must be 1 or more, and the series of one column and more than"
                    + " twice as long, found " + lags + " for " + series);
        }
        int size = lags + 1;
        double[][] equations = new double[size][size + 1];
        double[] row = new double[size + 1];
        for (int t = lags; t < series.length(); t++) {
            for (int i = 0; i < lags; i++) {
                row[i] = series.at(t - lags + i, 0);
            }
            row[lags] = 1;
            row[size] = series.at(t, 0);
            for (int i = 0; i < size; i++) {
                for (int j = 0; j <= size; j++) {
                    equations[i][j] += row[i] * row[j];
                }
            }
        }
        for (int i = 0; i < size; i++) {
            equations[i][i] += RIDGE * (1 + equations[i][i]);
        }
        double[] solution = solve(equations);
        return new LinearAutoregression(Arrays.copyOf(solution, lags), solution[lags]);
    }

    /** Gaussian elimination with the largest pivot; the right-hand side is the last column. */
    private static double[] solve(double[][] a) {
        int size = a.length;
        for (int i = 0; i < size; i++) {
            int pivot = i;
            for (int r = i + 1; r < size; r++) {
                pivot = Math.abs(a[r][i]) > Math.abs(a[pivot][i]) ? r : pivot;
            }
            double[] swapped = a[i];
            a[i] = a[pivot];
            a[pivot] = swapped;
            for (int r = 0; r < size; r++) {
                double factor = r == i ? 0 : a[r][i] / a[i][i];
                for (int j = i; factor != 0 && j <= size; j++) {
                    a[r][j] -= factor * a[i][j];
                }
            }
        }
        double[] solution = new double[size];
        for (int i = 0; i < size; i++) {
            solution[i] = a[i][size] / a[i][i];
        }
        return solution;
    }

    /** The values that follow, each from those before it, its own forecasts included. */
    public double[] forecast(Series history, int steps) {
        int lags = weights.length;
        double[] all = new double[lags + steps];
        for (int i = 0; i < lags; i++) {
            all[i] = history.at(history.length() - lags + i, 0);
        }
        for (int t = lags; t < all.length; t++) {
            all[t] = intercept;
            for (int i = 0; i < lags; i++) {
                all[t] += weights[i] * all[t - lags + i];
            }
        }
        return Arrays.copyOfRange(all, lags, all.length);
    }
}
