package dev.fusedrnn.train;

import java.util.Arrays;

/**
 * Mean 0 and deviation 1 for each column of a series, by numbers of one part of it: {@code (x − mean)/deviation}. Immutable.
 */
public final class Standardizer {
    private final double[] means;
    private final double[] deviations;

    private Standardizer(double[] means, double[] deviations) {
        this.means = means;
        this.deviations = deviations;
    }

    /**
     * The numbers of a series: means and deviations over all its times. A column that does not change, but for what rounding makes
     * of its mean, has deviation 1.
     */
    public static Standardizer of(Series series) {
        if (series.length() == 0) {
            throw new IllegalArgumentException("a series must have 1 time or more, found none");
        }
        double[] means = new double[series.columns()];
        double[] deviations = new double[series.columns()];
        for (int column = 0; column < means.length; column++) {
            for (int t = 0; t < series.length(); t++) {
                means[column] += series.at(t, column) / series.length();
            }
            double variance = 0;
            double largest = 0;
            for (int t = 0; t < series.length(); t++) {
                double distance = series.at(t, column) - means[column];
                variance += distance * distance / series.length();
                largest = Math.max(largest, Math.abs(series.at(t, column)));
            }
            // The mean is off by at most an ulp of the largest value for each addition.
            double rounding = (series.length() + 1) * Math.ulp(largest);
            double deviation = Math.sqrt(variance);
            deviations[column] = deviation > rounding ? deviation : 1;
        }
        return new Standardizer(means, deviations);
    }

    /** Given numbers, each for one column; deviations above 0. */
    public static Standardizer of(double[] means, double[] deviations) {
        if (means.length != deviations.length || Arrays.stream(deviations).anyMatch(deviation -> !(deviation > 0))) {
            throw new IllegalArgumentException("means and deviations must be as many, and deviations above 0, found "
                    + Arrays.toString(means) + " and " + Arrays.toString(deviations));
        }
        return new Standardizer(means.clone(), deviations.clone());
    }

    /** Number of columns. */
    public int columns() {
        return means.length;
    }

    /** Means by column; a copy. */
    public double[] means() {
        return means.clone();
    }

    /** Deviations by column; a copy. */
    public double[] deviations() {
        return deviations.clone();
    }

    /** A value of a column, standardised. */
    public double apply(double value, int column) {
        return (value - means[column]) / deviations[column];
    }

    /** The inverse of {@link #apply}. */
    public double undo(double value, int column) {
        return value * deviations[column] + means[column];
    }
}
