package dev.fusedrnn.cli;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.text.BpeTokenizer;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.Vocabulary;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.text.WordTokenizer;
import dev.fusedrnn.train.Sampling;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingData;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that decide what a training run computes. A saved model keeps them, and resuming needs the same. */
final class ModelOptions {
    private static final int DEFAULT_EMBEDDING = 64;
    private static final int DEFAULT_BPE_SYMBOLS = 1000;

    @Option(
            names = "--recipe",
            paramLabel = "NAME",
            converter = Converters.RecipeName.class,
            defaultValue = "raw",
            description = "Cleaning of the text: raw, v1, v017, stat157, translation (default: ${DEFAULT-VALUE}).")
    Recipe recipe;

    @Option(
            names = "--tokens",
            paramLabel = "KIND",
            converter = Converters.Tokens.class,
            defaultValue = "char",
            description = "Tokens: char, word, bpe (default: ${DEFAULT-VALUE}).")
    TokenKind tokens;

    @Option(
            names = "--line-end",
            paramLabel = "TOKEN",
            description = "Word that stands for the end of a line, such as <eos>; with --tokens word.")
    String lineEnd;

    @Option(
            names = "--min-freq",
            paramLabel = "N",
            converter = Converters.LongCountOrNone.class,
            defaultValue = "0",
            description = "Rarer tokens become <unk> (default: ${DEFAULT-VALUE}).")
    long minFreq;

    @Option(
            names = "--vocabulary",
            paramLabel = "N",
            converter = Converters.Size.class,
            description = "Most tokens in the vocabulary; with --tokens bpe, symbols to learn (default there: "
                    + DEFAULT_BPE_SYMBOLS + ").")
    Integer vocabulary;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            converter = Converters.LongCount.class,
            description = "Use only the first tokens of the text.")
    Long maxTokens;

    @Option(
            names = "--validation",
            paramLabel = "FRACTION",
            converter = Converters.Fraction.class,
            defaultValue = "0.1",
            description = "Part at the end of the text kept for validation; 0 for none (default: ${DEFAULT-VALUE}).")
    double validation;

    @Option(
            names = "--cell",
            paramLabel = "CELL",
            converter = Converters.Cell.class,
            defaultValue = "lstm",
            description = "Recurrent cell: rnn, rnn_relu, gru, lstm (default: ${DEFAULT-VALUE}).")
    CellType cell;

    @Option(
            names = "--reset-before",
            description = "GRU as in the book: the reset gate acts before the recurrent product.")
    boolean resetBefore;

    @Option(
            names = "--hidden",
            paramLabel = "N",
            converter = Converters.Size.class,
            defaultValue = "256",
            description = "Units per layer and direction (default: ${DEFAULT-VALUE}).")
    int hidden;

    @Option(
            names = "--last-hidden",
            paramLabel = "N",
            converter = Converters.Size.class,
            description = "Units of the last layer, if others than --hidden.")
    Integer lastHidden;

    @Option(
            names = "--layers",
            paramLabel = "N",
            converter = Converters.Layers.class,
            defaultValue = "1",
            description = "Stacked layers (default: ${DEFAULT-VALUE}).")
    int layers;

    @Option(
            names = "--bidirectional",
            description = "Read the text in both directions. Such a model cannot write text.")
    boolean bidirectional;

    @Option(
            names = "--embedding",
            paramLabel = "N",
            converter = Converters.SizeOrNone.class,
            description = "Features of the embedding; 0 for one-hot input (default: " + DEFAULT_EMBEDDING
                    + ", with --tied the size of the last layer's output).")
    Integer embedding;

    @Option(names = "--tied", description = "Use the embedding's table as the weights of the output layer too.")
    boolean tied;

    @Mixin
    RegularizationOptions regularization = new RegularizationOptions();

    @Option(
            names = "--init",
            paramLabel = "NAME",
            converter = Converters.InitializationName.class,
            defaultValue = "framework",
            description =
                    "Start of the parameters: framework (as PyTorch), framework:BOUND (the same, but embedding and"
                            + " output layer U(-BOUND, BOUND)), scratch (N(0, 0.01), as the book), xavier,"
                            + " normal:DEVIATION, uniform:BOUND (default: ${DEFAULT-VALUE}).")
    Initialization init;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Converters.Size.class,
            defaultValue = "16",
            description = "Sequences per minibatch (default: ${DEFAULT-VALUE}).")
    int batch;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Converters.Size.class,
            defaultValue = "48",
            description = "Time steps per minibatch (default: ${DEFAULT-VALUE}).")
    int steps;

    @Option(
            names = "--sampling",
            paramLabel = "NAME",
            converter = Converters.SamplingName.class,
            defaultValue = "sequential",
            description =
                    "Minibatches: sequential (state carried), varying (the same in random lengths around --steps),"
                            + " random, sliding (default: ${DEFAULT-VALUE}).")
    Sampling sampling;

    @Mixin
    OptimizerOptions optimization = new OptimizerOptions();

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = Converters.Type.class,
            defaultValue = "f32",
            description = "f32, bf16, f16; the 16-bit types keep f32 masters (default: ${DEFAULT-VALUE}).")
    DataType dtype;

    @Option(names = "--tf32", description = "F32 products of the layers may round their operands to TF32 on a GPU.")
    boolean tf32;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Converters.Seed.class,
            defaultValue = "0",
            description = "Seed of parameters, minibatches and dropout (default: ${DEFAULT-VALUE}).")
    long seed;

    /** The options of the saved run that this one goes on with; empty for a new one. */
    Map<String, String> resumed = Map.of();

    /** Checks what only holds for several options together, and settles defaults that depend on others. */
    void settle() {
        if (lineEnd != null && tokens != TokenKind.WORD) {
            throw new UserError("--line-end is for --tokens word, found --tokens " + tokens.id());
        }
        if (resetBefore && cell != CellType.GRU) {
            throw new UserError("--reset-before is for --cell gru, found --cell " + cell.id());
        }
        if (tied && embedding != null && embedding != outputSize()) {
            throw new UserError("--tied needs --embedding " + outputSize()
                    + ", the size of the last layer's output, found " + embedding);
        }
        if (regularization.dropout > 0 && layers == 1) {
            throw new UserError("--dropout acts between layers, but --layers is 1; use --input-dropout or"
                    + " --output-dropout, or more layers");
        }
        if (regularization.variationalDropout && !regularization.dropsFeatures()) {
            throw new UserError("--variational-dropout needs --dropout P, --input-dropout P or --output-dropout P");
        }
        if (regularization.cellZoneout > 0 && cell != CellType.LSTM) {
            throw new UserError("--cell-zoneout is for --cell lstm, found --cell " + cell.id());
        }
        if (regularization.embeddingDropout > 0 && embedding != null && embedding == 0) {
            throw new UserError("--embedding-dropout needs an embedding, but --embedding is 0");
        }
        if (vocabulary != null && vocabulary < 2 && tokens != TokenKind.BPE) {
            throw new UserError("--vocabulary: expected at least 2, one of them is <unk>, found " + vocabulary);
        }
        if (lastHidden != null && layers == 1) {
            throw new UserError("--last-hidden is for --layers 2 or more, found --layers 1");
        }
        embedding = features();
        optimization.settle();
    }

    private int features() {
        return embedding != null ? embedding : tied ? outputSize() : DEFAULT_EMBEDDING;
    }

    private int outputSize() {
        return (lastHidden == null ? hidden : lastHidden) * (bidirectional ? 2 : 1);
    }

    /** Learns tokenizer and vocabulary from a text. */
    TextCodec codec(TextSource text) throws IOException {
        VocabularyOptions options = VocabularyOptions.DEFAULT.withMinFrequency(minFreq);
        if (vocabulary != null && tokens != TokenKind.BPE) {
            options = options.withMaxSize(vocabulary);
        }
        TextCodec codec = TextCodec.build(text, recipe, tokenizer(text), options);
        if (codec.vocabulary().size() < 2) {
            throw new UserError("--min-freq " + minFreq + ": no token of " + text.name() + " occurs that often, only "
                    + Vocabulary.UNKNOWN + " is left");
        }
        return codec;
    }

    private Tokenizer tokenizer(TextSource text) throws IOException {
        return switch (tokens) {
            case CHAR -> Tokenizer.characters();
            case WORD -> new WordTokenizer(lineEnd);
            case BPE -> bytePairs(text);
        };
    }

    private Tokenizer bytePairs(TextSource text) throws IOException {
        int symbols = vocabulary == null ? DEFAULT_BPE_SYMBOLS : vocabulary;
        try {
            return BpeTokenizer.train(text, recipe, symbols);
        } catch (IllegalArgumentException wrong) {
            if (wrong.getMessage().startsWith("size: ")) {
                throw new UserError("--vocabulary: " + wrong.getMessage().substring("size: ".length()), wrong);
            }
            throw wrong;
        }
    }

    /** Numbers the tokens of the text to train on. */
    TokenSequence encode(TextCodec codec, TextSource text) throws IOException {
        return maxTokens == null ? codec.encode(text) : codec.encode(text, maxTokens);
    }

    /** Cuts the tokens into minibatches; a part for validation is cut off unless there is a text for that. */
    TrainingData data(TokenSequence sequence, boolean ownValidation) {
        return sampling.split(sequence, batch, steps, ownValidation ? 0 : validation, seed);
    }

    /** The network for a vocabulary. */
    LanguageNetworkConfig network(int vocabularySize) {
        int features = features();
        RnnConfig stack = RnnConfig.of(cell, features == 0 ? vocabularySize : features, hidden)
                .withLayers(layers)
                .withBidirectional(bidirectional)
                .withDropout(regularization.dropout)
                .withVariationalDropout(regularization.variationalDropout)
                .withZoneout(regularization.zoneout)
                .withCellZoneout(regularization.cellZoneout)
                .withDataType(dtype)
                .withTf32(tf32);
        if (resetBefore) {
            stack = stack.withGruVariant(GruVariant.RESET_BEFORE);
        }
        return LanguageNetworkConfig.of(vocabularySize, features, stack)
                .withLastHiddenSize(lastHidden == null ? 0 : lastHidden)
                .withTied(tied)
                .withDropouts(regularization.dropouts());
    }

    /** How it is trained. */
    TrainerConfig trainer(int epochs, int reportEvery) {
        return optimization
                .trainer(epochs)
                .withPenalty(regularization.penalty())
                .withDropoutSeed(seed)
                .withReportEvery(reportEvery);
    }
}
