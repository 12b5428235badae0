package dev.fusedrnn.kernel;

/**
 * Work on fixed tensors that is queued again and again. On a CUDA device it becomes one CUDA graph: the first run queues
 * it as it is, the second records it, later ones replay the recording. On the CPU every run is the work itself.
 */
public interface Recording extends AutoCloseable {
    /** Queues the work. */
    void run();

    /** Frees the recording. Closing twice is harmless. */
    @Override
    void close();
}
