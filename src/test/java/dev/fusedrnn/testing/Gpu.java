package dev.fusedrnn.testing;

import dev.fusedrnn.tensor.Device;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The GPU of tests tagged {@code gpu}. Without one they are skipped with the reasons, or fail if one is required. */
public final class Gpu {
    /** System property: a missing GPU is a failure. */
    public static final String REQUIRED = "fusedrnn.requireGpu";

    private Gpu() {}

    /** Opens the first GPU. */
    public static Device open() {
        requireOrSkip(Device.gpuReasons());
        return Device.cuda(0);
    }

    /** Goes on if there is no reason against it. */
    public static void requireOrSkip(List<String> reasons) {
        if (reasons.isEmpty()) {
            return;
        }
        String why = "no GPU: " + String.join("; ", reasons);
        if (Boolean.getBoolean(REQUIRED)) {
            throw new AssertionError(why);
        }
        Assumptions.abort(why);
    }
}
