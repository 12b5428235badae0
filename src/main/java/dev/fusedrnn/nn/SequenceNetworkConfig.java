package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.io.Serializable;
import java.util.Objects;

/**
 * A network that answers to a sequence, or to each of its steps: tokens or features, recurrent layers, linear head.
 *
 * @param vocabularySize V of an embedding of {@code rnn.inputSize} features; 0 if the input has features itself
 * @param rnn the recurrent layers
 * @param pooling what of their outputs the head reads
 * @param outputs O, numbers the head gives: one per class, or values
 * @param crf whether the classes of a sequence are scored together, by a linear-chain random field whose parameters the network
 *     has; without pooling alone
 * @param dropouts what is dropped in training outside the stack: input features, what the head reads, rows of the embedding
 */
public record SequenceNetworkConfig(
        int vocabularySize, RnnConfig rnn, Pooling pooling, int outputs, boolean crf, Dropouts dropouts)
        implements Serializable {

    public SequenceNetworkConfig {
        Objects.requireNonNull(rnn, "rnn");
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(dropouts, "dropouts");
        requireSize("vocabularySize", vocabularySize, 0);
        requireSize("outputs", outputs, 1);
        if (rnn.dataType() == DataType.F64) {
            throw new IllegalArgumentException("a sequence network computes in F32, BF16 or F16, found F64");
        }
        if (vocabularySize == 0 && dropouts.embedding() > 0) {
            throw new IllegalArgumentException(
                    "embeddingDropout needs an embedding, found vocabularySize 0 with " + dropouts.embedding());
        }
        if (crf && pooling != Pooling.NONE) {
            throw new IllegalArgumentException("crf needs pooling none, found " + pooling.id());
        }
        if (dropouts.weights() > 0) {
            throw new IllegalArgumentException("weightDropout is for language models, found " + dropouts.weights());
        }
    }

    /** A network without dropout outside the stack. */
    public static SequenceNetworkConfig of(int vocabularySize, RnnConfig rnn, Pooling pooling, int outputs) {
        return new SequenceNetworkConfig(vocabularySize, rnn, pooling, outputs, false, Dropouts.NONE);
    }

    /** The same with a random field over the classes of a sequence or without. */
    public SequenceNetworkConfig withCrf(boolean crf) {
        return new SequenceNetworkConfig(vocabularySize, rnn, pooling, outputs, crf, dropouts);
    }

    /** The same with other dropout. */
    public SequenceNetworkConfig withDropouts(Dropouts dropouts) {
        return new SequenceNetworkConfig(vocabularySize, rnn, pooling, outputs, crf, dropouts);
    }

    /** The same with dropout of input features and of what the head reads. */
    public SequenceNetworkConfig withDropout(double input, double output) {
        return withDropouts(dropouts.withInput(input).withOutput(output));
    }

    /** Whether the input is tokens, not features. */
    public boolean embeds() {
        return vocabularySize > 0;
    }

    private static void requireSize(String field, int value, int least) {
        if (value < least || value > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(
                    field + " must be in [" + least + ", " + RnnConfig.MAX_SIZE + "], found " + value);
        }
    }
}
