package dev.fusedrnn.train;

/** Told how training goes; called on the training thread. */
public interface TrainingListener {
    /** Hears nothing. */
    TrainingListener SILENT = new TrainingListener() {};

    /**
     * Where an epoch stands.
     *
     * @param epoch from 1 on
     * @param minibatch minibatches of this epoch done
     * @param minibatches of this epoch in all
     * @param perplexity of the epoch so far
     * @param tokensPerSecond of the epoch so far
     */
    record Progress(int epoch, long minibatch, long minibatches, double perplexity, double tokensPerSecond) {}

    /** Some minibatches are done: {@link TrainerConfig#reportEvery}. The network holds the iterate, not its average. */
    default void progress(Progress progress) {}

    /** An epoch is done. */
    default void epoch(EpochReport report) {}
}
