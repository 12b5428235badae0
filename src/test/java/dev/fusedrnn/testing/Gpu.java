package dev.fusedrnn.testing;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.fused.TokenPolicy;
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

    /** The first GPU with layers that read tokens wherever they can: the products of small tests are too small to be worth it. */
    public static Device openForTokens() {
        Device device = open();
        TokenPolicy.of(CudaContext.of(device)).ignoreProducts();
        return device;
    }

    /** Whether the GPU is the one of {@code native/simulation}, on which only small cases are quick. */
    public static boolean isSimulated() {
        return Device.gpus().stream().anyMatch(description -> description.contains("simulated"));
    }

    /** Goes on unless the GPU is simulated and a test needs what a simulation has not. */
    public static void skipIfSimulated(String reason) {
        Assumptions.assumeFalse(isSimulated(), () -> "simulated GPU: " + reason);
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
