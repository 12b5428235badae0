package dev.fusedrnn.engine;

import java.util.Arrays;
import java.util.Locale;

/**
 * Whether a training pass keeps the gates it computed until its backward pass. A wish about memory: results are the same but for
 * the rounding of sums. {@code fused} follows it; the other engines keep what they need in either case.
 */
public enum GateStorage {
    /** The gates of all layers are kept, 4 values per unit and time step of an LSTM or a GRU. */
    STORED,
    /**
     * The backward pass computes them anew from x and the saved h, by two products over all time steps, and those of one layer
     * at a time: that saves memory in stacks of several layers, none in a single one. Plain cells have no gates to keep: nothing changes for them.
     */
    RECOMPUTED;

    /** Lower-case name, as on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The choice of a name.
     *
     * @throws IllegalArgumentException naming the choices there are
     */
    public static GateStorage parse(String id) {
        return Arrays.stream(values())
                .filter(choice -> choice.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("gates must be one of "
                        + Arrays.stream(values()).map(GateStorage::id).toList() + ", found " + id));
    }
}
