package dev.fusedrnn.benchmarks;

/** One system that computes a {@link LayerData}; made ready by its first passes, which are not timed. */
public interface LayerRunner extends AutoCloseable {
    /** An inference forward pass. */
    void infer();

    /** A training forward pass. */
    void forward();

    /** A training forward pass and the backward pass to x and all parameters from dy. */
    void forwardBackward();

    /** Waits until the passes have been computed. */
    default void finish() {}

    /** y [T, N, H] of the latest pass. */
    float[] y();

    /** Gradient of x of the latest backward pass. */
    float[] dx();

    /** Gradient of the parameters of the latest backward pass, in the library's order. */
    float[] dParameters();

    /** System, versions and threads. */
    String describe();

    @Override
    void close();
}
