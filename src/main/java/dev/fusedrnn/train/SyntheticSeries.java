package dev.fusedrnn.train;

import java.util.Random;

/** Series that are made up, a function of their seed alone. */
public final class SyntheticSeries {
    private SyntheticSeries() {}

    /** {@code sin(0.01·t) + noise·N(0, 1)} for t from 1 on: the autoregressive example of the book "Dive into Deep Learning". */
    public static Series sine(int length, double noise, long seed) {
        Random random = new Random(seed);
        double[] values = new double[length];
        for (int t = 0; t < length; t++) {
            values[t] = Math.sin(0.01 * (t + 1)) + noise * random.nextGaussian();
        }
        return Series.of(values);
    }

    /**
     * Mean ratings of films by month, which drift for two reasons (after Koren 2009): from one month on the words for the ratings
     * change and all go up, and films that are old when they are rated were chosen for being good.
     *
     * @param months of the whole
     * @param change first month after the words changed
     * @param ratings of each month
     * @param jump how far ratings go up
     * @param ageTrend how much better a film is rated for each month of its age
     */
    public static Series ratings(int months, int change, int ratings, double jump, double ageTrend, long seed) {
        Random random = new Random(seed);
        double[] means = new double[months];
        for (int month = 0; month < months; month++) {
            for (int i = 0; i < ratings; i++) {
                int age = random.nextInt(month + 1);
                double rating = 3.2 + (month < change ? 0 : jump) + ageTrend * age + random.nextGaussian();
                means[month] += Math.max(1, Math.min(5, Math.rint(rating))) / ratings;
            }
        }
        return Series.of(means);
    }
}
