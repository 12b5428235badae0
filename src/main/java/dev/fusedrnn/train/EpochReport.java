package dev.fusedrnn.train;

/**
 * What one epoch of training gave.
 *
 * @param epoch from 1 on
 * @param trainPerplexity over the epoch's tokens, each before the parameters had seen it in this epoch
 * @param validationPerplexity after the epoch; NaN without validation data
 * @param tokens predicted in training
 * @param seconds from the first to the end of the last optimizer step, without validation
 * @param learningRate of the last step
 * @param penalty {@link ActivityPenalty} of a token in the mean, in nats, not part of the perplexity
 */
public record EpochReport(
        int epoch,
        double trainPerplexity,
        double validationPerplexity,
        long tokens,
        double seconds,
        double learningRate,
        double penalty) {

    /** Tokens per second of training. */
    public double tokensPerSecond() {
        return tokens / seconds;
    }
}
