package dev.fusedrnn.nn;

import java.io.Serializable;

/**
 * What a language network drops in training, besides the dropout between the layers of its stack.
 *
 * @param embedding probability that a token's whole row of the embedding is dropped, wherever the token stands in a minibatch
 *     (Gal and Ghahramani 2016)
 * @param input probability that an element of the input features is dropped
 * @param weights probability that an element of the recurrent matrices {@code wHh} is dropped, one mask for all time steps
 *     of a minibatch: weight drop (Merity, Keskar and Socher 2018)
 * @param output probability that an element of the last layer's output is dropped
 * @param locked whether input and output draw one mask [N, features] for all time steps of a minibatch, rather than one for
 *     each step; between layers {@link dev.fusedrnn.engine.RnnConfig#variationalDropout} says so
 */
public record Dropouts(double embedding, double input, double weights, double output, boolean locked)
        implements Serializable {
    /** Nothing is dropped. */
    public static final Dropouts NONE = new Dropouts(0, 0, 0, 0, false);

    public Dropouts {
        requireProbability("embeddingDropout", embedding);
        requireProbability("inputDropout", input);
        requireProbability("weightDropout", weights);
        requireProbability("outputDropout", output);
    }

    /** The same with dropout of rows of the embedding. */
    public Dropouts withEmbedding(double embedding) {
        return new Dropouts(embedding, input, weights, output, locked);
    }

    /** The same with dropout before the first layer. */
    public Dropouts withInput(double input) {
        return new Dropouts(embedding, input, weights, output, locked);
    }

    /** The same with dropout of recurrent weights. */
    public Dropouts withWeights(double weights) {
        return new Dropouts(embedding, input, weights, output, locked);
    }

    /** The same with dropout behind the last layer. */
    public Dropouts withOutput(double output) {
        return new Dropouts(embedding, input, weights, output, locked);
    }

    /** The same with one mask for all time steps or one for each. */
    public Dropouts withLocked(boolean locked) {
        return new Dropouts(embedding, input, weights, output, locked);
    }

    private static void requireProbability(String field, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(field + " must be in [0, 1], found " + value);
        }
    }
}
