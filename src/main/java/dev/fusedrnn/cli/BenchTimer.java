package dev.fusedrnn.cli;

import dev.fusedrnn.tensor.Device;
import java.util.Arrays;

/**
 * Times of something repeated: on the host's clock around as many runs as make the clock's and the last wait's share small,
 * with the device waited for at both ends.
 *
 * @param seconds of one run, sorted
 * @param runsPerSample runs between two looks at the clock
 */
record BenchTimer(double[] seconds, int runsPerSample) {
    private static final double SAMPLE_SECONDS = 0.005;
    private static final double WARM_UP_SHARE = 0.25;
    private static final int LEAST_SAMPLES = 5;
    private static final int MOST_SAMPLES = 200;
    private static final int MOST_RUNS = 10_000;

    /** Runs {@code work} for about {@code budget} seconds, after a quarter of that to warm up. */
    static BenchTimer time(Runnable work, Device device, double budget) {
        double single = sample(work, device, 1);
        double spent = single;
        int runs = 1;
        while (spent < budget * WARM_UP_SHARE) {
            double sample = sample(work, device, runs);
            spent += sample;
            single = sample / runs;
            runs = (int) Math.min(MOST_RUNS, Math.max(1, Math.ceil(SAMPLE_SECONDS / single)));
        }
        double[] seconds = new double[MOST_SAMPLES];
        int count = 0;
        double timed = 0;
        while (count < MOST_SAMPLES && (count < LEAST_SAMPLES || timed < budget)) {
            double sample = sample(work, device, runs);
            timed += sample;
            seconds[count++] = sample / runs;
        }
        double[] sorted = Arrays.copyOf(seconds, count);
        Arrays.sort(sorted);
        return new BenchTimer(sorted, runs);
    }

    private static double sample(Runnable work, Device device, int runs) {
        device.synchronize();
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            work.run();
        }
        device.synchronize();
        return (System.nanoTime() - start) / 1e9;
    }

    /** Half of the runs were quicker. */
    double median() {
        return quantile(0.5);
    }

    /** The value below which this share of the samples lies. */
    double quantile(double share) {
        return seconds[(int) Math.round(share * (seconds.length - 1))];
    }
}
