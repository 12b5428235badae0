package dev.fusedrnn.nn;

import java.util.Arrays;
import java.util.Locale;

/** Which engine a user asks for. One that is named is never silently replaced by another. */
public enum EngineChoice {
    /** On a GPU the faster of fused and cudnn, measured once per shape; on the CPU cpu, or reference where cpu cannot. */
    AUTO,
    /** Plain double loops, the judge of the others. */
    REFERENCE,
    /** The fast engine of the CPU. */
    CPU,
    /** cuDNN. */
    CUDNN,
    /** The fused kernels. */
    FUSED;

    /** Lower-case name, as on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The choice of a name.
     *
     * @throws IllegalArgumentException naming the choices there are
     */
    public static EngineChoice parse(String id) {
        return Arrays.stream(values())
                .filter(choice -> choice.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("engine must be one of "
                        + Arrays.stream(values()).map(EngineChoice::id).toList() + ", found " + id));
    }
}
