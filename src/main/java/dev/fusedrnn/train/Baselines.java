package dev.fusedrnn.train;

/** Forecasts that nothing has to be learnt for. */
public final class Baselines {
    private Baselines() {}

    /** The last time again and again: hard to beat on levels of prices. */
    public static Series naive(Series history, int steps) {
        return seasonal(history, 1, steps);
    }

    /** What came one season before, again and again. */
    public static Series seasonal(Series history, int season, int steps) {
        if (season < 1 || history.length() < season || steps < 0) {
            throw new IllegalArgumentException("season must be in [1, " + history.length()
                    + "] and steps 0 or more, found " + season + " and " + steps);
        }
        int columns = history.columns();
        double[] values = new double[steps * columns];
        for (int t = 0; t < steps; t++) {
            int from = history.length() - season + t % season;
            for (int column = 0; column < columns; column++) {
                values[t * columns + column] = history.at(from, column);
            }
        }
        return Series.table(columns, values);
    }
}
