package dev.fusedrnn.engine;

import java.util.Locale;

/** The ways cuDNN can run a recurrence; which are legal depends on shape, type and device. */
public enum CudnnAlgorithm {
    /** One product per time step. */
    STANDARD(0),
    /** Recurrent weights kept on the chip by a kernel made for that. */
    PERSIST_STATIC(1),
    /** The same with a kernel compiled for the shape at run time. */
    PERSIST_DYNAMIC(2),
    /** For small hidden sizes. In F32 without TF32 its sums are less exact, and it is taken only where it is the only one asked for. */
    PERSIST_STATIC_SMALL_H(3);

    private final int id;

    CudnnAlgorithm(int id) {
        this.id = id;
    }

    /** Its number, {@code cudnnRNNAlgo_t}. */
    public int id() {
        return id;
    }

    /** Lower-case name for reports. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
