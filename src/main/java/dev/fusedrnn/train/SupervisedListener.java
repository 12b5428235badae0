package dev.fusedrnn.train;

/** Told how supervised training goes; called on the training thread. */
public interface SupervisedListener {
    /** Hears nothing. */
    SupervisedListener SILENT = new SupervisedListener() {};

    /**
     * Where an epoch stands.
     *
     * @param epoch from 1 on
     * @param minibatch minibatches of this epoch done
     * @param minibatches of this epoch in all
     * @param loss mean of the epoch so far
     * @param examplesPerSecond of the epoch so far
     */
    record Progress(int epoch, int minibatch, int minibatches, double loss, double examplesPerSecond) {}

    /** Some minibatches are done: {@link TrainerConfig#reportEvery}. */
    default void progress(Progress progress) {}

    /** An epoch is done. The network may be looked at, and training stopped. */
    default void epoch(SupervisedReport report) {}
}
