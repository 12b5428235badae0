package dev.fusedrnn.train;

/**
 * Perplexity, exp of the mean loss in nats, over any number of batches: weighted by tokens. 1 for a model that is always
 * certain and right, V for a uniform one, infinite as soon as a true token was given probability 0.
 */
public final class Perplexity {
    private double lossSum;
    private long tokens;

    /** Nothing counted yet. */
    public Perplexity() {}

    /** Goes on from sums of an earlier one. */
    public Perplexity(double lossSum, long tokens) {
        add(lossSum, tokens);
    }

    /**
     * Counts a batch.
     *
     * @param lossSum sum of its tokens' losses in nats
     * @param tokens number of tokens, without ignored ones
     */
    public void add(double lossSum, long tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException("tokens must be 0 or more, found " + tokens);
        }
        this.lossSum += lossSum;
        this.tokens += tokens;
    }

    /** The perplexity; NaN if nothing was counted. */
    public double value() {
        return Math.exp(meanLoss());
    }

    /** Mean loss of a token in nats; NaN if nothing was counted. */
    public double meanLoss() {
        return tokens == 0 ? Double.NaN : lossSum / tokens;
    }

    /** Sum of all losses in nats. */
    public double lossSum() {
        return lossSum;
    }

    /** Tokens counted. */
    public long tokens() {
        return tokens;
    }
}
