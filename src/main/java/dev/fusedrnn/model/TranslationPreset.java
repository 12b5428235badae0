package dev.fusedrnn.model;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.PairCodec;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.SentencePair;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.Vocabulary;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.util.List;

/**
 * The book's experiments on English and French sentence pairs ("Dive into Deep Learning", encoder and decoder of GRU layers, Adam
 * with rate 0.005, gradients clipped at 1), with Xavier weights and biases that start from zero, where the book's start from small random
 * numbers. The encoder's state and context are those of the last token; the book's also read the padding behind it.
 *
 * <p>Losses are means over the real target tokens. Version 0.17 prints a tenth of that: it averages over all 10 steps, padding
 * included, and divides by the number of tokens once more.
 */
public enum TranslationPreset {
    /** Version 0.17: 2 layers of 32 units, 600 pairs, 300 epochs. */
    V017(32, 0, 0.1, 10, 64, 300, 600, 0, Vocabulary.Order.FREQUENCY),
    /** Version 0.17 with additive attention of 32 features, 250 epochs; the book drops shares of attention besides. */
    V017_ATTENTION(32, 32, 0.1, 10, 64, 250, 600, 0, Vocabulary.Order.FREQUENCY),
    /** Version 1.0: 2 layers of 256 units, 512 pairs for training and 128 for validation, 30 epochs. */
    V1(256, 0, 0.2, 9, 128, 30, 512, 128, Vocabulary.Order.ALPHABETICAL);

    private static final int LAYERS = 2;
    private static final long MIN_FREQUENCY = 2;

    private final int units;
    private final int attention;
    private final double dropout;
    private final int steps;
    private final int batch;
    private final int epochs;
    private final int trainingPairs;
    private final int validationPairs;
    private final Vocabulary.Order order;

    TranslationPreset(
            int units,
            int attention,
            double dropout,
            int steps,
            int batch,
            int epochs,
            int trainingPairs,
            int validationPairs,
            Vocabulary.Order order) {
        this.units = units;
        this.attention = attention;
        this.dropout = dropout;
        this.steps = steps;
        this.batch = batch;
        this.epochs = epochs;
        this.trainingPairs = trainingPairs;
        this.validationPairs = validationPairs;
        this.order = order;
    }

    /** Reads the pairs that vocabularies are made of: one more than are asked for, as the book counts. */
    public List<SentencePair> read(TextSource text) throws IOException {
        return SentencePair.read(text, trainingPairs + validationPairs + 1);
    }

    /** The pairs that are learnt from. */
    public List<SentencePair> training(List<SentencePair> pairs) {
        int most = validationPairs == 0 ? trainingPairs + 1 : trainingPairs;
        return pairs.subList(0, Math.min(most, pairs.size()));
    }

    /** The pairs of validation; empty but for version 1.0. */
    public List<SentencePair> validation(List<SentencePair> pairs) {
        int from = training(pairs).size();
        return pairs.subList(from, Math.min(from + validationPairs, pairs.size()));
    }

    /** Cleaning, words and vocabularies. */
    public PairCodec codec(List<SentencePair> pairs) throws IOException {
        return PairCodec.build(pairs, Recipe.TRANSLATION, Tokenizer.words(), MIN_FREQUENCY, order);
    }

    /** The layers. */
    public Seq2SeqConfig network(PairCodec codec) {
        RnnConfig layers =
                RnnConfig.of(CellType.GRU, units, units).withLayers(LAYERS).withDropout(dropout);
        return Seq2SeqConfig.of(
                        codec.source().vocabulary().size(),
                        codec.target().vocabulary().size(),
                        units,
                        layers)
                .withAttention(attention);
    }

    /** A new model. */
    public Seq2Seq model(PairCodec codec, Device device, EngineChoice choice, long seed) {
        return Seq2Seq.create(network(codec), codec, steps, device, choice, Initialization.XAVIER, seed);
    }

    /** All minibatches have as many steps. */
    public Batching batching(long seed) {
        return Batching.of(batch, seed).withBucketWidth(steps);
    }

    /** How the network is trained. */
    public TrainerConfig trainer() {
        return TrainerConfig.sgd(0.005, 1, epochs).withOptimizer(Adam.usual());
    }

    /** What a mean loss per target token is divided by to be the number that the book prints. */
    public int printedDivisor() {
        return this == V1 ? 1 : steps;
    }
}
