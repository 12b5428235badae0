package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import java.util.Objects;

/**
 * A language model's network: tokens, features, recurrent stack, linear head over the vocabulary.
 *
 * @param vocabularySize V
 * @param embeddingSize E, features of the embedding; 0 for one-hot input
 * @param rnn the stack; its inputSize is E, or V for one-hot input
 * @param tied whether the head's weight is the embedding's table; then E is the stack's output size
 * @param dropouts what is dropped in training outside the stack, and of its weights
 */
public record LanguageNetworkConfig(
        int vocabularySize, int embeddingSize, RnnConfig rnn, boolean tied, Dropouts dropouts) {

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
        if (tied && embeddingSize != rnn.totalOutputSize()) {
            throw new IllegalArgumentException("a tied head needs embeddingSize equal to the stack's output size "
                    + rnn.totalOutputSize() + ", found " + embeddingSize);
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
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, false, Dropouts.NONE);
    }

    /** The same with the head's weight tied to the embedding or not. */
    public LanguageNetworkConfig withTied(boolean tied) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, tied, dropouts);
    }

    /** The same with other dropout. */
    public LanguageNetworkConfig withDropouts(Dropouts dropouts) {
        return new LanguageNetworkConfig(vocabularySize, embeddingSize, rnn, tied, dropouts);
    }

    /** The same with dropout before the first and behind the last layer. */
    public LanguageNetworkConfig withDropout(double inputDropout, double outputDropout) {
        return withDropouts(dropouts.withInput(inputDropout).withOutput(outputDropout));
    }

    /** Whether a training pass draws masks: dropout anywhere, or zoneout. */
    public boolean hasDropout() {
        return dropouts.any() || rnn.drawsMasks();
    }

    private static void requireSize(String field, int value, int least) {
        if (value < least || value > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(
                    field + " must be in [" + least + ", " + RnnConfig.MAX_SIZE + "], found " + value);
        }
    }
}
