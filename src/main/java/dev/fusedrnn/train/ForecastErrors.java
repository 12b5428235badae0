package dev.fusedrnn.train;

/** How far forecasts are from what came; values of both in the same order. */
public final class ForecastErrors {
    private ForecastErrors() {}

    /** Mean squared error. */
    public static double mse(double[] expected, double[] found) {
        double sum = 0;
        int count = checked(expected, found);
        for (int i = 0; i < count; i++) {
            sum += (expected[i] - found[i]) * (expected[i] - found[i]);
        }
        return sum / count;
    }

    /** Mean absolute error. */
    public static double mae(double[] expected, double[] found) {
        double sum = 0;
        int count = checked(expected, found);
        for (int i = 0; i < count; i++) {
            sum += Math.abs(expected[i] - found[i]);
        }
        return sum / count;
    }

    /** Mean of {@code 200·|y − ŷ|/(|y| + |ŷ|)}, in percent, as the M4 competition has it; 0 where both are 0. */
    public static double smape(double[] expected, double[] found) {
        double sum = 0;
        int count = checked(expected, found);
        for (int i = 0; i < count; i++) {
            double size = Math.abs(expected[i]) + Math.abs(found[i]);
            sum += size == 0 ? 0 : 200 * Math.abs(expected[i] - found[i]) / size;
        }
        return sum / count;
    }

    /**
     * Mean absolute error over that of the seasonal naive forecast within the training part (Hyndman and Koehler 2006). Not finite
     * where that has no error: where the training part repeats itself exactly.
     *
     * @param training the series before the forecast, one column, longer than a season
     * @param season times until it repeats itself; 1 for none
     */
    public static double mase(Series training, int season, double[] expected, double[] found) {
        if (training.columns() != 1 || season < 1 || training.length() <= season) {
            throw new IllegalArgumentException(
                    "training must have one column and be longer than a season of " + season + ", found " + training);
        }
        double naive = 0;
        int count = training.length() - season;
        for (int t = season; t < training.length(); t++) {
            naive += Math.abs(training.at(t, 0) - training.at(t - season, 0)) / count;
        }
        return mae(expected, found) / naive;
    }

    private static int checked(double[] expected, double[] found) {
        if (expected.length != found.length || expected.length == 0) {
            throw new IllegalArgumentException(
                    "expected " + expected.length + " forecasts, and 1 or more, found " + found.length);
        }
        return expected.length;
    }
}
