package dev.fusedrnn.model;

import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.train.Checkpoint;
import dev.fusedrnn.train.Evaluator;
import dev.fusedrnn.train.Perplexity;
import dev.fusedrnn.train.Trainer;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingData;
import dev.fusedrnn.train.WholeText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * A recurrent language model: what turns text into tokens, and the network that predicts each token from those before it.
 *
 * <p>Owns the network. Confined to one thread at a time, like its device.
 */
public final class LanguageModel implements AutoCloseable {
    private static final int EVALUATION_STEPS = 64;

    private final LanguageNetwork network;
    private final TextCodec codec;

    /**
     * A model of a network, which it closes.
     *
     * @throws IllegalArgumentException if vocabulary and network differ in size
     */
    public LanguageModel(LanguageNetwork network, TextCodec codec) {
        if (codec.vocabulary().size() != network.config().vocabularySize()) {
            throw new IllegalArgumentException("the vocabulary has "
                    + codec.vocabulary().size() + " tokens, the network is for "
                    + network.config().vocabularySize());
        }
        this.network = network;
        this.codec = codec;
    }

    /** A new model. */
    public static LanguageModel create(
            LanguageNetworkConfig config,
            TextCodec codec,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        LanguageNetwork network = LanguageNetwork.create(config, device, choice);
        try {
            network.initialize(initialization, seed);
            return new LanguageModel(network, codec);
        } catch (RuntimeException | Error failed) {
            network.close();
            throw failed;
        }
    }

    /**
     * A model that {@link #save} or a training run wrote.
     *
     * @throws dev.fusedrnn.io.InvalidFileException if the file is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static LanguageModel load(Path path, Device device, EngineChoice choice) throws IOException {
        return of(Checkpoint.read(path), device, choice);
    }

    /** The model of a checkpoint, which must have a codec. */
    public static LanguageModel of(Checkpoint checkpoint, Device device, EngineChoice choice) {
        if (checkpoint.codec() == null) {
            throw new IllegalArgumentException("the checkpoint has no vocabulary");
        }
        return new LanguageModel(checkpoint.network(device, choice), checkpoint.codec());
    }

    /** The layers. */
    public LanguageNetwork network() {
        return network;
    }

    /** What turns text into token ids and back. */
    public TextCodec codec() {
        return codec;
    }

    /** A trainer of this model; the caller closes it before the model. */
    public Trainer trainer(TrainingData data, TrainerConfig config) {
        return new Trainer(network, data, config);
    }

    /** Saves the model without a state of training, atomically. */
    public void save(Path path) throws IOException {
        Checkpoint.of(network, codec, Map.of(), null).save(path);
    }

    /** Saves the model so that training can be resumed, atomically. */
    public void save(Path path, Trainer trainer, Map<String, String> settings) throws IOException {
        Checkpoint.of(network, codec, settings, trainer.state()).save(path);
    }

    /** Perplexity of a text, each token predicted from all before it. At least 2 tokens. */
    public Perplexity perplexity(TokenSequence tokens) {
        return perplexity(tokens, 1);
    }

    /** The same with the text cut into {@code batch} rows computed at once, the state starting from zero in each. */
    public Perplexity perplexity(TokenSequence tokens, int batch) {
        network.device().enter();
        try (Evaluator evaluator = new Evaluator(network, new WholeText(tokens, batch, EVALUATION_STEPS))) {
            return evaluator.run();
        } finally {
            network.device().leave();
        }
    }

    /** Text that goes on from {@code prompt}: {@code length} tokens, without the prompt. */
    public String generate(String prompt, int length, Decoding decoding) {
        return codec.decode(generate(codec.encode(prompt), length, decoding));
    }

    /**
     * Tokens that go on from a prefix. The state is warmed up on the prefix first, without output; an empty prefix stands for
     * the unknown token.
     *
     * @param length tokens to generate, 0 or more
     * @throws IllegalArgumentException if the model is bidirectional: its output for a token depends on the tokens that
     *     follow, which do not exist yet. {@link #generateForced} does it nevertheless
     */
    public int[] generate(int[] prefix, int length, Decoding decoding) {
        return collected(each -> generate(prefix, length, decoding, each));
    }

    /**
     * The same, one token after another.
     *
     * @param each takes each token before the next is computed; returns whether to go on
     */
    public void generate(int[] prefix, int length, Decoding decoding, IntPredicate each) {
        if (network.config().rnn().bidirectional()) {
            throw new IllegalArgumentException("a bidirectional model cannot generate: it predicts a token from those"
                    + " that follow it; it can be forced to");
        }
        int[] warmUp = checked(prefix, length);
        Random random = decoding.random();
        network.device().enter();
        try (TokenStepper stepper = new TokenStepper(network)) {
            for (int token : warmUp) {
                stepper.feed(token);
            }
            for (int i = 0; i < length; i++) {
                int token = decoding.choose(stepper.logits(), random);
                if (!each.test(token)) {
                    return;
                }
                stepper.feed(token);
            }
        } finally {
            network.device().leave();
        }
    }

    /**
     * The same for any model, by computing the whole text again for each token. For a bidirectional model this shows how
     * generation degenerates.
     */
    public int[] generateForced(int[] prefix, int length, Decoding decoding) {
        return collected(each -> generateForced(prefix, length, decoding, each));
    }

    /** The same, one token after another, as in {@link #generate(int[], int, Decoding, IntPredicate)}. */
    public void generateForced(int[] prefix, int length, Decoding decoding, IntPredicate each) {
        int[] text = checked(prefix, length);
        Random random = decoding.random();
        network.device().enter();
        try {
            for (int i = 0; i < length; i++) {
                int token = decoding.choose(LastLogits.of(network, text, text.length), random);
                if (!each.test(token)) {
                    return;
                }
                text = Arrays.copyOf(text, text.length + 1);
                text[text.length - 1] = token;
            }
        } finally {
            network.device().leave();
        }
    }

    private static int[] collected(Consumer<IntPredicate> generation) {
        IntStream.Builder tokens = IntStream.builder();
        generation.accept(token -> {
            tokens.add(token);
            return true;
        });
        return tokens.build().toArray();
    }

    private int[] checked(int[] prefix, int length) {
        if (length < 0) {
            throw new IllegalArgumentException("length must be 0 or more, found " + length);
        }
        for (int i = 0; i < prefix.length; i++) {
            if (prefix[i] < 0 || prefix[i] >= network.config().vocabularySize()) {
                throw new IllegalArgumentException("prefix[" + i + "] must be in [0, "
                        + network.config().vocabularySize() + "), found " + prefix[i]);
            }
        }
        return prefix.length > 0 ? prefix : new int[] {codec.vocabulary().unknownId()};
    }

    /** Frees the network. Closing twice is harmless. */
    @Override
    public void close() {
        network.device().enter();
        try {
            network.close();
        } finally {
            network.device().leave();
        }
    }
}
