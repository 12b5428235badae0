package dev.fusedrnn.engine.measure;

import dev.fusedrnn.engine.RnnConfig;
import java.util.List;

/**
 * Whether two results of a {@link Trial} are those of the same computation. This finds what is wrong, not what is inexact:
 * exactness is judged against the reference engine.
 */
public final class Agreement {
    private Agreement() {}

    /** Whether all values are finite and near the expected ones, each tensor on the scale of its largest. */
    public static boolean near(RnnConfig config, List<float[]> expected, List<float[]> found) {
        float tolerance = config.dataType().isHalf() ? 5e-2f : config.tf32() ? 1e-2f : 1e-3f;
        for (int i = 0; i < expected.size(); i++) {
            if (!near(tolerance, expected.get(i), found.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean near(float tolerance, float[] expected, float[] found) {
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(found[i] - expected[i]) <= tolerance * largest)) {
                return false;
            }
        }
        return true;
    }
}
