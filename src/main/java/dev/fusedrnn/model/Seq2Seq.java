package dev.fusedrnn.model;

import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.nn.Seq2SeqNetwork;
import dev.fusedrnn.nn.Seq2SeqStepper;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.EncodedPair;
import dev.fusedrnn.text.PairCodec;
import dev.fusedrnn.text.SentencePair;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.CorpusBleu;
import dev.fusedrnn.train.ModelFile;
import dev.fusedrnn.train.Seq2SeqJson;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TranslationTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Translates sentences: what turns both sides into tokens, and an encoder and a decoder that predict each token of a translation
 * from the source and the tokens before it.
 *
 * <p>Owns the network. Confined to one thread at a time, like its device.
 */
public final class Seq2Seq implements AutoCloseable {
    private static final String KIND = "fusedrnn translation model";
    private static final String CODEC = "codec";
    private static final String STEPS = "steps";

    private final Seq2SeqNetwork network;
    private final PairCodec codec;
    private final int steps;
    private final TranslationTask task;

    /**
     * A model of a network, which it closes.
     *
     * @param steps tokens read of a source, written of a translation, and learnt from of either: the first ones, end mark included
     * @throws IllegalArgumentException if network and vocabularies differ in size
     */
    public Seq2Seq(Seq2SeqNetwork network, PairCodec codec, int steps) {
        requireSize(
                "source", codec.source().vocabulary().size(), network.config().sourceVocabulary());
        requireSize(
                "target", codec.target().vocabulary().size(), network.config().targetVocabulary());
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be 1 or more, found " + steps);
        }
        this.network = network;
        this.codec = codec;
        this.steps = steps;
        this.task = new TranslationTask(network, codec);
    }

    private static void requireSize(String side, int vocabulary, int expected) {
        if (vocabulary != expected) {
            throw new IllegalArgumentException(
                    "the " + side + " vocabulary has " + vocabulary + " tokens, the network is for " + expected);
        }
    }

    /** A new model whose embeddings start from N(0, 1), as in the book, and all other layers as said. */
    public static Seq2Seq create(
            Seq2SeqConfig config,
            PairCodec codec,
            int steps,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        Seq2SeqNetwork network = Seq2SeqNetwork.create(config, device, choice);
        try {
            network.initialize(initialization, Initialization.FRAMEWORK, seed);
            return new Seq2Seq(network, codec, steps);
        } catch (RuntimeException | Error failed) {
            network.close();
            throw failed;
        }
    }

    /**
     * A model that {@link #save} wrote.
     *
     * @throws dev.fusedrnn.io.InvalidFileException if the file is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static Seq2Seq load(Path path, Device device, EngineChoice choice) throws IOException {
        ModelFile file = ModelFile.read(path, KIND, config -> Seq2SeqNetwork.plan(Seq2SeqJson.read(config)));
        Seq2SeqNetwork network = Seq2SeqNetwork.create(Seq2SeqJson.read(file.config()), device, choice);
        return Predictions.loaded(path, network, () -> {
            file.copyTo(network.parameters());
            return new Seq2Seq(network, PairCodec.fromJson(file.text(CODEC)), Integer.parseInt(file.text(STEPS)));
        });
    }

    /** Saves parameters, configuration and both vocabularies in one file, atomically. */
    public void save(Path path) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(CODEC, codec.toJson());
        texts.put(STEPS, Integer.toString(steps));
        ModelFile.of(KIND, Seq2SeqJson.write(network.config()), network.parameters(), texts)
                .save(path);
    }

    /** The layers. */
    public Seq2SeqNetwork network() {
        return network;
    }

    /** What turns sentences into token ids and back. */
    public PairCodec codec() {
        return codec;
    }

    /** Tokens read and written at most. */
    public int steps() {
        return steps;
    }

    /** Pairs as examples of this model's numbers. */
    public List<EncodedPair> encode(List<SentencePair> pairs) {
        return pairs.stream().map(pair -> codec.encode(pair, steps)).toList();
    }

    /**
     * A trainer of this model; the caller closes it before the model.
     *
     * @param validation may be empty
     */
    public SupervisedTrainer<EncodedPair> trainer(
            List<SentencePair> training, List<SentencePair> validation, Batching batching, TrainerConfig config) {
        return new SupervisedTrainer<>(task, encode(training), encode(validation), batching, config);
    }

    /** A translation by the likeliest token at each step. */
    public String translate(String sentence) {
        return translate(sentence, SearchConfig.greedy(steps));
    }

    /** The best translation that a search finds. */
    public String translate(String sentence, SearchConfig search) {
        return translate(List.of(sentence), search).get(0);
    }

    /** The same for several sentences. */
    public List<String> translate(List<String> sentences, SearchConfig search) {
        return search(sentences, search).stream()
                .map(found -> codec.target().decode(found.tokens()))
                .toList();
    }

    /**
     * Translations as tokens, with their probabilities. A source is cut off behind the model's number of steps.
     *
     * @param search its greatest length may exceed the model's steps
     */
    public List<FoundSequence> search(List<String> sentences, SearchConfig search) {
        List<FoundSequence> found = new ArrayList<>();
        network.device().enter();
        try (TranslationTokens tokens = new TranslationTokens(network, codec, steps, search.width())) {
            int end = codec.target().vocabulary().id(PairCodec.END);
            SequenceSearch searching = new SequenceSearch(tokens, search, end);
            for (String sentence : sentences) {
                int[] source = codec.encodeSource(sentence);
                tokens.source(Arrays.copyOf(source, Math.min(steps, source.length)));
                found.add(searching.find());
            }
        } finally {
            network.device().leave();
        }
        return found;
    }

    /**
     * BLEU of the translations of pairs against their targets, in the tokens of this model's codec: cleaned, and with {@code <unk>} in
     * translations alone.
     */
    public CorpusBleu bleu(List<SentencePair> pairs, SearchConfig search) {
        CorpusBleu bleu = new CorpusBleu();
        List<FoundSequence> found =
                search(pairs.stream().map(SentencePair::source).toList(), search);
        for (int i = 0; i < pairs.size(); i++) {
            String cleaned = codec.target().recipe().clean(pairs.get(i).target());
            List<String> reference = codec.target().tokenizer().tokenize(cleaned);
            bleu.add(codec.target().vocabulary().tokens(found.get(i).tokens()), List.of(reference));
        }
        return bleu;
    }

    /**
     * What each token of a translation was made of: the share of each source token, end mark included, in the context of every
     * token and, in the last row, of what follows them.
     *
     * @param translation tokens such as a search found, without the end mark
     * @return [tokens + 1][source tokens]; every row sums to 1
     * @throws IllegalStateException if the network has no attention
     */
    public float[][] attention(String sentence, int[] translation) {
        int[] source = codec.encodeSource(sentence);
        int length = Math.min(steps, source.length);
        float[][] shares = new float[translation.length + 1][];
        network.device().enter();
        try (Seq2SeqStepper stepper = new Seq2SeqStepper(network, steps, 1)) {
            stepper.begin(Arrays.copyOf(source, length));
            int token = codec.target().vocabulary().id(PairCodec.BEGIN);
            for (int t = 0; t < shares.length; t++) {
                stepper.step(new int[1], new int[] {token});
                shares[t] = Arrays.copyOf(stepper.shares(), length);
                token = t < translation.length ? translation[t] : token;
            }
        } finally {
            network.device().leave();
        }
        return shares;
    }

    /** Frees the network. Closing twice is harmless. */
    @Override
    public void close() {
        network.device().enter();
        try {
            task.close();
            network.close();
        } finally {
            network.device().leave();
        }
    }
}
