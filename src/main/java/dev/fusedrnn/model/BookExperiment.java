package dev.fusedrnn.model;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.Sampling;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingData;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * The language model experiments of the book "Dive into Deep Learning" whose results are published, as training set-ups:
 * characters of "The Time Machine" as indicator vectors, plain gradient descent, global norm limited to 1.
 *
 * <p>Edition 0.17 trains on the first 10,000 characters, 32 rows of 35 steps, and reports training perplexity after 500
 * epochs. Edition 1.0 trains on 10,000 overlapping windows of 32 steps, 1,024 at a time, validates on the 5,000 that follow,
 * and has 32 hidden units. "Scratch" networks start with weights N(0, 0.01²) and zero biases and their GRU resets before the
 * recurrent product; the others start as PyTorch's layers. Here each gate has two biases in either case; the book's scratch
 * networks have one, which moves half as fast.
 */
public enum BookExperiment {
    RNN_SCRATCH_SEQUENTIAL_V017(CellType.RNN_TANH, 1, 512, true, 1, 500, Sampling.SEQUENTIAL),
    RNN_SCRATCH_RANDOM_V017(CellType.RNN_TANH, 1, 512, true, 1, 500, Sampling.RANDOM),
    RNN_V017(CellType.RNN_TANH, 1, 256, false, 1, 500, Sampling.SEQUENTIAL),
    GRU_V017(CellType.GRU, 1, 256, false, 1, 500, Sampling.SEQUENTIAL),
    LSTM_V017(CellType.LSTM, 1, 256, false, 1, 500, Sampling.SEQUENTIAL),
    DEEP_LSTM_V017(CellType.LSTM, 2, 256, false, 2, 500, Sampling.SEQUENTIAL),
    RNN_SCRATCH_V1(CellType.RNN_TANH, 1, 32, true, 1, 100, Sampling.SLIDING),
    RNN_V1(CellType.RNN_TANH, 1, 32, false, 1, 100, Sampling.SLIDING),
    GRU_SCRATCH_V1(CellType.GRU, 1, 32, true, 4, 50, Sampling.SLIDING),
    GRU_V1(CellType.GRU, 1, 32, false, 4, 50, Sampling.SLIDING),
    LSTM_SCRATCH_V1(CellType.LSTM, 1, 32, true, 4, 50, Sampling.SLIDING),
    LSTM_V1(CellType.LSTM, 1, 32, false, 4, 50, Sampling.SLIDING),
    DEEP_RNN_SCRATCH_V1(CellType.RNN_TANH, 2, 32, true, 2, 100, Sampling.SLIDING),
    DEEP_GRU_V1(CellType.GRU, 2, 32, false, 2, 100, Sampling.SLIDING);

    private static final int V1_STEPS = 32;
    private static final int V1_TRAINING_WINDOWS = 10_000;
    private static final int V1_VALIDATION_WINDOWS = 5_000;
    private static final double CLIP = 1;

    private final CellType cell;
    private final int layers;
    private final int hidden;
    private final boolean scratch;
    private final double learningRate;
    private final int epochs;
    private final Sampling sampling;

    BookExperiment(
            CellType cell,
            int layers,
            int hidden,
            boolean scratch,
            double learningRate,
            int epochs,
            Sampling sampling) {
        this.cell = cell;
        this.layers = layers;
        this.hidden = hidden;
        this.scratch = scratch;
        this.learningRate = learningRate;
        this.epochs = epochs;
        this.sampling = sampling;
    }

    /** Whether this is of edition 1.0, else 0.17. */
    public boolean isV1() {
        return sampling == Sampling.SLIDING;
    }

    /** How the text is cleaned. */
    public Recipe recipe() {
        return isV1() ? Recipe.V1 : Recipe.V017;
    }

    /** Tokens of the text that are used. */
    public long maxTokens() {
        return isV1() ? V1_TRAINING_WINDOWS + V1_VALIDATION_WINDOWS + V1_STEPS : 10_000;
    }

    /** Recipe, characters and vocabulary of a text. */
    public TextCodec codec(TextSource text) throws IOException {
        return TextCodec.build(text, recipe(), Tokenizer.characters(), VocabularyOptions.DEFAULT);
    }

    /** How the tokens become minibatches. */
    public TrainingData data(TokenSequence tokens, long seed) {
        return sampling.split(tokens, batch(), steps(), validation(), seed);
    }

    /** The network for a vocabulary. */
    public LanguageNetworkConfig network(int vocabularySize) {
        RnnConfig rnn = RnnConfig.of(cell, vocabularySize, hidden).withLayers(layers);
        boolean resetBefore = cell == CellType.GRU && scratch;
        return LanguageNetworkConfig.of(
                vocabularySize, 0, resetBefore ? rnn.withGruVariant(GruVariant.RESET_BEFORE) : rnn);
    }

    /** How parameters start. */
    public Initialization initialization() {
        return scratch ? Initialization.SCRATCH : Initialization.FRAMEWORK;
    }

    /** How the network is trained. */
    public TrainerConfig trainer() {
        return TrainerConfig.sgd(learningRate, CLIP, epochs);
    }

    /** A new model. */
    public LanguageModel model(TextCodec codec, Device device, EngineChoice choice, long seed) {
        LanguageNetworkConfig config = network(codec.vocabulary().size());
        return LanguageModel.create(config, codec, device, choice, initialization(), seed);
    }

    /** The same as options of {@code fusedrnn train}. */
    public List<String> options() {
        return List.of(("--recipe " + recipe().id() + " --tokens char --max-tokens " + maxTokens() + " --validation "
                        + (isV1() ? "0.3333333" : "0") + " --cell " + (cell.gates() == 1 ? "rnn" : cell.id())
                        + (cell == CellType.GRU && scratch ? " --reset-before" : "") + " --hidden " + hidden
                        + " --layers " + layers + " --embedding 0 --init " + (scratch ? "scratch" : "framework")
                        + " --batch " + batch() + " --steps " + steps() + " --sampling " + sampling.id()
                        + " --epochs " + epochs + " --optimizer sgd --lr " + (int) learningRate + " --clip "
                        + (int) CLIP)
                .toLowerCase(Locale.ROOT)
                .split(" "));
    }

    private int batch() {
        return isV1() ? 1024 : 32;
    }

    private int steps() {
        return isV1() ? V1_STEPS : 35;
    }

    private double validation() {
        return isV1() ? V1_VALIDATION_WINDOWS / (double) (V1_TRAINING_WINDOWS + V1_VALIDATION_WINDOWS) : 0;
    }
}
