package dev.fusedrnn.benchmarks.beside;

import java.util.ArrayList;
import java.util.List;

/**
 * Milliseconds of a pass on the host's clock, around as many queued passes as make the clock's and the last wait's share
 * small, the device waited for at both ends. The workers in other languages do the same.
 */
final class PassClock {
    private static final double SAMPLE_SECONDS = 0.005;
    private static final int LEAST_SAMPLES = 3;
    private static final int MOST_PASSES = 2000;

    private final Runnable pass;
    private final Runnable wait;
    private int passes;

    /** A clock of a pass that has been run before. */
    PassClock(Runnable pass, Runnable wait) {
        this.pass = pass;
        this.wait = wait;
    }

    /** Samples for about {@code seconds}, at least three. */
    List<Double> time(double seconds) {
        if (passes == 0) {
            passes = 1;
            double first = Math.min(sample(), sample());
            passes = (int) Math.max(1, Math.min(MOST_PASSES, Math.ceil(SAMPLE_SECONDS * 1e3 / first)));
        }
        List<Double> samples = new ArrayList<>();
        double spent = 0;
        while (samples.size() < LEAST_SAMPLES || spent < seconds * 1e3) {
            double sample = sample();
            samples.add(sample);
            spent += sample * passes;
        }
        return samples;
    }

    private double sample() {
        wait.run();
        long start = System.nanoTime();
        for (int i = 0; i < passes; i++) {
            pass.run();
        }
        wait.run();
        return (System.nanoTime() - start) / 1e6 / passes;
    }
}
