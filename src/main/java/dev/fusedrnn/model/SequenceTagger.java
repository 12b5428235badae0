package dev.fusedrnn.model;

import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.TaggedSentence;
import dev.fusedrnn.text.WordFeatures;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.EntityScores;
import dev.fusedrnn.train.ModelFile;
import dev.fusedrnn.train.SequenceNetworkJson;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TaggedSequence;
import dev.fusedrnn.train.TaggingTask;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives each word of a sentence, or each step of features, a tag: what turns words into tokens, the tags, and a network that
 * answers at every step, each by itself or all together through a linear-chain random field.
 *
 * <p>Owns the network. Confined to one thread at a time, like its device.
 */
public final class SequenceTagger implements AutoCloseable {
    private static final String KIND = "fusedrnn sequence tagger";
    private static final String WORDS = "words";
    private static final String TAGS = "tags";

    private final SequenceNetwork network;
    private final WordFeatures words;
    private final Labels tags;
    private final TaggingTask task;

    /**
     * A tagger of a network, which it closes.
     *
     * @param words null for a network that reads features
     * @throws IllegalArgumentException if network, vocabulary and tags do not fit together
     */
    public SequenceTagger(SequenceNetwork network, WordFeatures words, Labels tags) {
        SequenceNetworkConfig config = network.config();
        if (config.pooling() != Pooling.NONE) {
            throw new IllegalArgumentException(
                    "a tagger needs pooling none, found " + config.pooling().id());
        }
        if (config.outputs() != tags.size()) {
            throw new IllegalArgumentException(
                    "there are " + tags.size() + " tags, the network has " + config.outputs() + " outputs");
        }
        int vocabulary = words == null ? 0 : words.vocabulary().size();
        if (vocabulary != config.vocabularySize()) {
            throw new IllegalArgumentException(
                    "the vocabulary has " + vocabulary + " tokens, the network is for " + config.vocabularySize());
        }
        this.network = network;
        this.words = words;
        this.tags = tags;
        this.task = new TaggingTask(network);
    }

    /** A new tagger. */
    public static SequenceTagger create(
            SequenceNetworkConfig config,
            WordFeatures words,
            Labels tags,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        SequenceNetwork network = SequenceNetwork.create(config, device, choice, initialization, seed);
        return Predictions.owning(network, () -> new SequenceTagger(network, words, tags));
    }

    /**
     * A tagger that {@link #save} wrote.
     *
     * @throws dev.fusedrnn.io.InvalidFileException if the file is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static SequenceTagger load(Path path, Device device, EngineChoice choice) throws IOException {
        ModelFile file = ModelFile.read(path, KIND, config -> SequenceNetwork.plan(SequenceNetworkJson.read(config)));
        SequenceNetwork network = SequenceNetwork.create(SequenceNetworkJson.read(file.config()), device, choice);
        return Predictions.loaded(path, network, () -> {
            file.copyTo(network.parameters());
            WordFeatures words = file.texts().containsKey(WORDS) ? WordFeatures.fromJson(file.text(WORDS)) : null;
            return new SequenceTagger(network, words, Labels.fromJson(file.text(TAGS)));
        });
    }

    /** Saves parameters, configuration, vocabulary and tags, atomically. */
    public void save(Path path) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        if (words != null) {
            texts.put(WORDS, words.toJson());
        }
        texts.put(TAGS, tags.toJson());
        ModelFile.of(KIND, SequenceNetworkJson.write(network.config()), network.parameters(), texts)
                .save(path);
    }

    /** The layers. */
    public SequenceNetwork network() {
        return network;
    }

    /** What turns words into token ids; null if features are read. */
    public WordFeatures words() {
        return words;
    }

    /** The tags. */
    public Labels tags() {
        return tags;
    }

    /** All tags that occur in sentences, in alphabetical order. */
    public static Labels tagsOf(List<TaggedSentence> sentences) {
        return Labels.occurring(
                sentences.stream().flatMap(sentence -> sentence.tags().stream()).toList());
    }

    /** Words as the network reads them. */
    public InputSequence encodeWords(List<String> sentence) {
        if (words == null) {
            throw new IllegalArgumentException("this tagger reads features, found words");
        }
        if (sentence.isEmpty()) {
            throw new IllegalArgumentException("a sentence must have 1 word or more, found none");
        }
        return InputSequence.channels(words.encode(sentence));
    }

    /** Sentences as examples of this tagger's numbers; their tags must be in its scheme. */
    public List<TaggedSequence> encode(List<TaggedSentence> sentences) {
        return sentences.stream()
                .map(sentence -> new TaggedSequence(
                        encodeWords(sentence.words()),
                        sentence.tags().stream().mapToInt(tags::id).toArray()))
                .toList();
    }

    /**
     * A trainer of this tagger; the caller closes it before the tagger.
     *
     * @param validation may be empty
     */
    public SupervisedTrainer<TaggedSequence> trainer(
            List<TaggedSequence> training, List<TaggedSequence> validation, Batching batching, TrainerConfig config) {
        return new SupervisedTrainer<>(task, training, validation, batching, config);
    }

    /** The tags of a sentence's words. */
    public List<String> tag(List<String> sentence) {
        return tagSequences(List.of(encodeWords(sentence))).get(0);
    }

    /** The tags of sequences, in their order; computed in minibatches. */
    public List<List<String>> tagSequences(List<InputSequence> sequences) {
        return Predictions.inOrder(network, sequences, batch -> task.tag(batch).stream()
                .map(found -> Arrays.stream(found).mapToObj(tags::name).toList())
                .toList());
    }

    /** How many of the sentences' entities are found; expected tags may be of another scheme. */
    public EntityScores evaluate(List<TaggedSentence> sentences) {
        return EntityScores.of(sentences.stream().map(TaggedSentence::tags).toList(), tagAll(sentences));
    }

    /** Share of words whose tag is found; expected tags must be in this tagger's scheme. NaN for no sentences. */
    public double accuracy(List<TaggedSentence> sentences) {
        List<List<String>> found = tagAll(sentences);
        long right = 0;
        long all = 0;
        for (int i = 0; i < found.size(); i++) {
            List<String> expected = sentences.get(i).tags();
            for (int t = 0; t < expected.size(); t++) {
                right += expected.get(t).equals(found.get(i).get(t)) ? 1 : 0;
            }
            all += expected.size();
        }
        return right / (double) all;
    }

    private List<List<String>> tagAll(List<TaggedSentence> sentences) {
        return tagSequences(sentences.stream()
                .map(TaggedSentence::words)
                .map(this::encodeWords)
                .toList());
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
