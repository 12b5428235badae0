package dev.fusedrnn.text;

/**
 * How likely a language model finds a sentence. A sentence with a token of probability 0 has the log-probability minus
 * infinity and an infinite perplexity; such sentences are still ranked among each other.
 *
 * @param finiteLogProbability sum of the natural logarithms of the probabilities above 0, thus finite
 * @param tokens number of tokens that were scored
 * @param impossible number of tokens of probability 0
 */
public record SentenceScore(double finiteLogProbability, long tokens, long impossible)
        implements Comparable<SentenceScore> {
    /** Checks the values. */
    public SentenceScore {
        if (!(finiteLogProbability <= 0) || Double.isInfinite(finiteLogProbability)) {
            throw new IllegalArgumentException(
                    "finiteLogProbability: expected a finite number up to 0, found " + finiteLogProbability);
        }
        if (impossible < 0 || tokens < impossible) {
            throw new IllegalArgumentException(
                    "tokens, impossible: expected 0 <= impossible <= tokens, found " + tokens + " and " + impossible);
        }
    }

    /** The score of a sentence before its first token. */
    public static final SentenceScore EMPTY = new SentenceScore(0, 0, 0);

    /** The score after one more token of this probability, 0 to 1. */
    public SentenceScore plus(double probability) {
        if (probability == 0) {
            return new SentenceScore(finiteLogProbability, tokens + 1, impossible + 1);
        }
        return new SentenceScore(finiteLogProbability + Math.log(probability), tokens + 1, impossible);
    }

    /** Natural logarithm of the probability of the sentence. */
    public double logProbability() {
        return impossible > 0 ? Double.NEGATIVE_INFINITY : finiteLogProbability;
    }

    /** exp(-logProbability / tokens): 1 for a model that is always right, infinite where a token was impossible. */
    public double perplexity() {
        return tokens == 0 ? 1 : Math.exp(-logProbability() / tokens);
    }

    /**
     * The more likely sentence is the greater: first the one with fewer impossible tokens, then the one with the higher
     * log-probability of the others.
     */
    @Override
    public int compareTo(SentenceScore other) {
        int byImpossible = Long.compare(other.impossible, impossible);
        int byProbability = Double.compare(finiteLogProbability, other.finiteLogProbability);
        if (byImpossible != 0 || byProbability != 0) {
            return byImpossible != 0 ? byImpossible : byProbability;
        }
        return Long.compare(other.tokens, tokens);
    }
}
