package dev.fusedrnn.engine.measure;

import dev.fusedrnn.internal.cuda.CudaContext;
import java.util.Arrays;

/** The median device time of a pass that is run a few times. */
public final class PassTime {
    /** Timing stops after so many milliseconds of device time or so many passes. */
    private static final float MOST_MILLISECONDS = 30;

    private static final int MOST_PASSES = 9;
    private static final int FEWEST_PASSES = 3;

    private PassTime() {}

    /**
     * Median milliseconds of {@code pass} after one run that does not count; waits for the device.
     *
     * @param hopeless a first pass that takes longer is not worth a second
     */
    public static float median(CudaContext context, Runnable pass, float hopeless) {
        try (Stopwatch watch = new Stopwatch(context)) {
            pass.run();
            float[] times = new float[MOST_PASSES];
            int count = 0;
            float total = 0;
            while (count < MOST_PASSES && (count < FEWEST_PASSES || total < MOST_MILLISECONDS)) {
                times[count] = watch.time(pass);
                total += times[count];
                count++;
                if (times[0] > hopeless) {
                    break;
                }
            }
            float[] taken = Arrays.copyOf(times, count);
            Arrays.sort(taken);
            return taken[count / 2];
        }
    }
}
