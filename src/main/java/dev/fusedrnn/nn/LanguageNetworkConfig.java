package dev.fusedrnn.nn;

import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.RnnConfig;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * A language model's network: tokens, features, recurrent layers, linear head over the vocabulary.
 *
 * @param vocabularySize V
 * @param embeddingSize E, features of the embedding; 0 for one-hot input
 * @param rnn the recurrent layers; their inputSize is E, or V for one-hot input
 * @param lastHiddenSize units of the last layer if it differs from the others, else 0
 * @param tied whether the head's weight is the embedding's table; then E is the last layer's output size
 * @param dropouts what is dropped in training outside the stack, and of its weights
 */
public record LanguageNetworkConfig(
        int vocabularySize, int embeddingSize, RnnConfig rnn, int lastHiddenSize, boolean tied, Dropouts dropouts)
        implements Serializable {

    public LanguageNetworkConfig {
        Objects.requireNonNull(rnn, "rnn");
        requireSize("vocabularySize", vocabularySize, 1);
        requireSize("embeddingSize", embeddingSize, 0);
        Objects.requireNonNull(dropouts, "dropouts");
        int features = embeddingSize > 0 ? embeddingSize : vocabularySize;
        if (rnn.inputSize() != features) {
            throw new IllegalArgumentException("rnn.inputSize must be "
                    + (embeddingSize > 0 ? "embeddingSize " : "vocabularySize ") + features + ", found "
                    + rnn.inputSize());
        }
        lastHiddenSize = lastHiddenSize == rnn.hiddenSize() ? 0 : lastHiddenSize;
        if (lastHiddenSize != 0) {
            requireOwnSize(lastHiddenSize, rnn);
        }
        int outputs = outputSize(rnn, lastHiddenSize);
        if (tied && embeddingSize != outputs) {
            throw new IllegalArgumentException("a tied head needs embeddingSize equal to the last layer's output size "
                    + outputs + ", found " + embeddingSize);
        }
        if (embeddingSize == 0 && dropouts.embedding() > 0) {
            throw new IllegalArgumentException(
                    "embeddingDropout needs an embedding, found embeddingSize 0 with " + dropouts.embedding());
        }
        if (embeddingSize == 0 && vocabularySize > OneHotInput.MAX_VOCABULARY) {
            throw new IllegalArgumentException("one-hot input takes at most " + OneHotInput.MAX_VOCABULARY
                    + " tokens, found vocabularySize " + vocabularySize + "; set embeddingSize");
        }
    }

    /** A network on a stack whose inputSize is V or the size of the embedding, without tying and dropout outside the stack. */
    public static LanguageNetworkConfig of(int vocabularySize, int embeddingSize, RnnConfig rnn) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, 0, false, Dropouts.NONE);
    }

    /** The same with the head's weight tied to the embedding or not. */
    public LanguageNetworkConfig withTied(boolean tied) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, lastHiddenSize, tied, dropouts);
    }

    /** The same with a last layer of another size; 0 for that of the others. */
    public LanguageNetworkConfig withLastHiddenSize(int lastHiddenSize) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, lastHiddenSize, tied, dropouts);
    }

    /** The same with other dropout. */
    public LanguageNetworkConfig withDropouts(Dropouts dropouts) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, lastHiddenSize, tied, dropouts);
    }

    /** The same with dropout before the first and behind the last layer. */
    public LanguageNetworkConfig withDropout(double inputDropout, double outputDropout) {
        return withDropouts(dropouts.withInput(inputDropout).withOutput(outputDropout));
    }

    /** The same with the gates of the recurrent layers kept for the backward pass or computed anew. */
    public LanguageNetworkConfig withGateStorage(GateStorage gateStorage) {
        RnnConfig changed = rnn.withGateStorage(gateStorage);
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, changed, lastHiddenSize, tied, dropouts);
    }

    /** Features the head reads. */
    public int outputSize() {
        return outputSize(rnn, lastHiddenSize);
    }

    /** The recurrent layers as stacks of layers of one size: one, or two if the last layer's size differs. */
    public List<RnnConfig> stacks() {
        if (lastHiddenSize == 0) {
            return List.of(rnn);
        }
        return List.of(
                rnn.withLayers(rnn.layers() - 1), rnn.withLayers(1).withSizes(rnn.totalOutputSize(), lastHiddenSize));
    }

    private static int outputSize(RnnConfig rnn, int lastHiddenSize) {
        return lastHiddenSize == 0 ? rnn.totalOutputSize() : rnn.directions() * lastHiddenSize;
    }

    private static void requireOwnSize(int lastHiddenSize, RnnConfig rnn) {
        requireSize("lastHiddenSize", lastHiddenSize, 0);
        if (rnn.layers() < 2) {
            throw new IllegalArgumentException(
                    "lastHiddenSize needs 2 layers or more, found " + lastHiddenSize + " for one layer");
        }
        if (rnn.projSize() > 0) {
            throw new IllegalArgumentException("lastHiddenSize is for layers without projection, found "
                    + lastHiddenSize + " with projSize " + rnn.projSize());
        }
    }

    private static void requireSize(String field, int value, int least) {
        if (value < least || value > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(
                    field + " must be in [" + least + ", " + RnnConfig.MAX_SIZE + "], found " + value);
        }
    }
}
