package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.io.Serializable;
import java.util.Objects;

/**
 * An encoder and a decoder (Sutskever, Vinyals and Le 2014; Cho et al. 2014). The encoder's recurrent layers read the embedded
 * source, up to each sample's length. The decoder's start from the encoder's final state and read, at every step, the embedded
 * token before and beside it the context: the final h of the encoder's last layer, of both directions side by side. For one
 * direction that is the encoder's last output within the length.
 *
 * <p>Where layers, units or directions of the two differ, a linear bridge leads from one state to the other: layer l of the
 * decoder starts from layer l + L − L' of the encoder, or from its first where there is none.
 *
 * @param sourceVocabulary V of what is translated
 * @param targetVocabulary V of translations
 * @param sourceEmbedding features of a source token
 * @param targetEmbedding features of a target token
 * @param encoder its inputSize is sourceEmbedding
 * @param decoder its inputSize is targetEmbedding + the encoder's output size
 * @param attentionSize features of the queries and keys of additive attention (Bahdanau, Cho and Bengio 2015), with which every step
 *     has a context of its own: the mean of the encoder's outputs, weighed by what the decoder's last h asks for; 0 for the one
 *     context said above
 */
public record Seq2SeqConfig(
        int sourceVocabulary,
        int targetVocabulary,
        int sourceEmbedding,
        int targetEmbedding,
        RnnConfig encoder,
        RnnConfig decoder,
        int attentionSize)
        implements Serializable {

    public Seq2SeqConfig {
        Objects.requireNonNull(encoder, "encoder");
        Objects.requireNonNull(decoder, "decoder");
        requireSize("sourceVocabulary", sourceVocabulary);
        requireSize("targetVocabulary", targetVocabulary);
        requireSize("sourceEmbedding", sourceEmbedding);
        requireSize("targetEmbedding", targetEmbedding);
        if (attentionSize < 0 || attentionSize > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(
                    "attentionSize must be in [0, " + RnnConfig.MAX_SIZE + "], found " + attentionSize);
        }
        requireInputs("encoder.inputSize", "sourceEmbedding", sourceEmbedding, encoder);
        requireInputs(
                "decoder.inputSize",
                "targetEmbedding + the encoder's outputs",
                targetEmbedding + encoder.totalOutputSize(),
                decoder);
        if (decoder.bidirectional()) {
            throw new IllegalArgumentException(
                    "decoder must have one direction: what follows a token is not known when it is predicted");
        }
        if (decoder.cell().hasCellState() && !encoder.cell().hasCellState()) {
            throw new IllegalArgumentException("decoder " + decoder.cell().id()
                    + " needs a cell state to start from, which encoder "
                    + encoder.cell().id() + " does not have");
        }
        if (encoder.dataType() == DataType.F64) {
            throw new IllegalArgumentException("a translation network computes in F32, BF16 or F16, found F64");
        }
        if (decoder.dataType() != encoder.dataType()) {
            throw new IllegalArgumentException("encoder and decoder must have one dataType, found " + encoder.dataType()
                    + " and " + decoder.dataType());
        }
    }

    /** Encoder and decoder alike, on embeddings of one size. */
    public static Seq2SeqConfig of(int sourceVocabulary, int targetVocabulary, int embedding, RnnConfig layers) {
        return of(sourceVocabulary, targetVocabulary, embedding, layers, layers.withBidirectional(false));
    }

    /** The same with a decoder of its own; input sizes are set here. */
    public static Seq2SeqConfig of(
            int sourceVocabulary, int targetVocabulary, int embedding, RnnConfig encoder, RnnConfig decoder) {
        return new Seq2SeqConfig(
                sourceVocabulary,
                targetVocabulary,
                embedding,
                embedding,
                encoder.withSizes(embedding, encoder.hiddenSize()),
                decoder.withSizes(embedding + encoder.totalOutputSize(), decoder.hiddenSize()),
                0);
    }

    /** The same with additive attention of so many features; 0 for none. */
    public Seq2SeqConfig withAttention(int attentionSize) {
        return new Seq2SeqConfig(
                sourceVocabulary, targetVocabulary, sourceEmbedding, targetEmbedding, encoder, decoder, attentionSize);
    }

    /** Features of the context. */
    public int contextSize() {
        return encoder.totalOutputSize();
    }

    /** Whether a linear bridge leads from the encoder's state to the decoder's; else one is the other. */
    public boolean hasBridge() {
        return encoder.bidirectional()
                || encoder.layers() != decoder.layers()
                || encoder.outputSize() != decoder.outputSize()
                || decoder.cell().hasCellState() && encoder.hiddenSize() != decoder.hiddenSize();
    }

    private static void requireInputs(String field, String source, int expected, RnnConfig layers) {
        if (layers.inputSize() != expected) {
            throw new IllegalArgumentException(
                    field + " must be " + source + " = " + expected + ", found " + layers.inputSize());
        }
    }

    private static void requireSize(String field, int value) {
        if (value < 1 || value > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(field + " must be in [1, " + RnnConfig.MAX_SIZE + "], found " + value);
        }
    }
}
