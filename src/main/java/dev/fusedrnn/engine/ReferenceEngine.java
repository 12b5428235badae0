package dev.fusedrnn.engine;

import dev.fusedrnn.engine.reference.ReferenceExecution;
import dev.fusedrnn.tensor.Device;

/**
 * The judge of all other engines: plain Java loops on the CPU in double precision, each equation visible, with a
 * hand-written backward beside it ({@code dev.fusedrnn.engine.reference}).
 *
 * <p>Runs every configuration and every floating point type; only what a caller can see (y, hy, cy, gradients) is rounded
 * to its tensor's type. With F64 tensors nothing is rounded. It is slow and allocates arrays in every call.
 */
public final class ReferenceEngine implements RecurrentEngine {
    private final boolean rounded;

    /** The engine that computes in double throughout. */
    public ReferenceEngine() {
        this(false);
    }

    private ReferenceEngine(boolean rounded) {
        this.rounded = rounded;
    }

    /**
     * The engine that rounds as a good kernel of the configuration's data type would: the input product, gates, h and
     * gradients of pre-activations are stored in the data type; sums, c and the gradients carried through time are held
     * in float. Its distance from the exact engine tells how large an honest error is.
     */
    public static ReferenceEngine rounding() {
        return new ReferenceEngine(true);
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        if (device.isCuda()) {
            return Capability.unsupported("the reference engine runs on the CPU alone, found " + device.name());
        }
        long parameters = ParameterLayout.of(config).elements();
        return parameters > ReferenceExecution.MOST_ELEMENTS
                ? Capability.unsupported("the reference engine holds the parameters in one Java array of at most "
                        + ReferenceExecution.MOST_ELEMENTS + " elements, found " + parameters)
                : Capability.SUPPORTED;
    }

    @Override
    public RnnExecution prepare(
            RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch) {
        Capability capability = capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(capability.reason());
        }
        return new ReferenceExecution(config, device, steps, batch, training, rounded);
    }
}
