package dev.fusedrnn.nn;

import java.util.Objects;

/**
 * One sequence as a {@link SequenceNetwork} reads it: tokens, or features. The arrays are kept, not copied.
 *
 * @param tokens token ids by channel, [channels][length]; the embeddings of a step's tokens are added up. Null for features
 * @param features [length, C], step after step; null for tokens
 * @param length time steps, 1 or more
 */
public record InputSequence(int[][] tokens, float[] features, int length) {
    public InputSequence {
        if ((tokens == null) == (features == null)) {
            throw new IllegalArgumentException("a sequence has either tokens or features");
        }
        if (length < 1) {
            throw new IllegalArgumentException("a sequence must have 1 time step or more, found " + length);
        }
        for (int i = 0; tokens != null && i < tokens.length; i++) {
            if (tokens[i].length != length) {
                throw new IllegalArgumentException(
                        "tokens[" + i + "] must have length " + length + ", found " + tokens[i].length);
            }
        }
        if (tokens != null && tokens.length == 0) {
            throw new IllegalArgumentException("tokens must have 1 channel or more, found none");
        }
        if (features != null && features.length % length != 0) {
            throw new IllegalArgumentException("features must be equally many for each of " + length + " steps, found "
                    + features.length + " values");
        }
    }

    /** A sequence of tokens. */
    public static InputSequence tokens(int... ids) {
        return new InputSequence(new int[][] {ids}, null, ids.length);
    }

    /** A sequence of several tokens in each step: {@code channels[k][t]}. */
    public static InputSequence channels(int[]... channels) {
        Objects.requireNonNull(channels, "channels");
        return new InputSequence(channels, null, channels.length == 0 ? 1 : channels[0].length);
    }

    /** A sequence of features, {@code length} times C of them. */
    public static InputSequence features(int length, float... features) {
        return new InputSequence(null, features, length);
    }

    /**
     * Looks whether a network can read this.
     *
     * @throws IllegalArgumentException if not, saying why
     */
    public void check(SequenceNetworkConfig config) {
        if (config.embeds() != (tokens != null)) {
            throw new IllegalArgumentException("expected " + (config.embeds() ? "tokens" : "features") + ", found "
                    + (tokens != null ? "tokens" : "features"));
        }
        if (tokens == null) {
            checkFeatures(config.rnn().inputSize());
            return;
        }
        for (int[] channel : tokens) {
            for (int t = 0; t < length; t++) {
                if (channel[t] < 0 || channel[t] >= config.vocabularySize()) {
                    throw new IllegalArgumentException(
                            "token " + t + " must be in [0, " + config.vocabularySize() + "), found " + channel[t]);
                }
            }
        }
    }

    private void checkFeatures(int width) {
        if (features.length / length != width) {
            throw new IllegalArgumentException(
                    "expected " + width + " features in each step, found " + features.length / length);
        }
        for (int i = 0; i < features.length; i++) {
            if (!Float.isFinite(features[i])) {
                throw new IllegalArgumentException(
                        "feature " + i % width + " of step " + i / width + " must be finite, found " + features[i]);
            }
        }
    }
}
