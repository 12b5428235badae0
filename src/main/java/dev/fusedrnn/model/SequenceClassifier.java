package dev.fusedrnn.model;

import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.LabelledText;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ClassScores;
import dev.fusedrnn.train.ClassificationTask;
import dev.fusedrnn.train.LabelledSequence;
import dev.fusedrnn.train.ModelFile;
import dev.fusedrnn.train.SequenceNetworkJson;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives each sequence, a text or features, one of several classes: what turns text into tokens, the classes, and a network
 * that pools what its recurrent layers say.
 *
 * <p>Owns the network. Confined to one thread at a time, like its device.
 */
public final class SequenceClassifier implements AutoCloseable {
    private static final String KIND = "fusedrnn sequence classifier";
    private static final String CODEC = "codec";
    private static final String CLASSES = "classes";
    private static final String MAX_STEPS = "maxSteps";

    private final SequenceNetwork network;
    private final TextCodec codec;
    private final Labels labels;
    private final int maxSteps;
    private final ClassificationTask task;

    /**
     * A classifier of a network, which it closes.
     *
     * @param codec of texts; null for a network that reads features
     * @param maxSteps tokens of a text that are read, the first ones; 1 or more
     * @throws IllegalArgumentException if network, vocabulary and classes do not fit together
     */
    public SequenceClassifier(SequenceNetwork network, TextCodec codec, Labels labels, int maxSteps) {
        SequenceNetworkConfig config = network.config();
        if (config.pooling() == Pooling.NONE) {
            throw new IllegalArgumentException("a classifier needs a pooling, found none");
        }
        if (config.outputs() != labels.size()) {
            throw new IllegalArgumentException(
                    "there are " + labels.size() + " classes, the network has " + config.outputs() + " outputs");
        }
        int vocabulary = codec == null ? 0 : codec.vocabulary().size();
        if (vocabulary != config.vocabularySize()) {
            throw new IllegalArgumentException(
                    "the vocabulary has " + vocabulary + " tokens, the network is for " + config.vocabularySize());
        }
        if (maxSteps < 1) {
            throw new IllegalArgumentException("maxSteps must be 1 or more, found " + maxSteps);
        }
        this.network = network;
        this.codec = codec;
        this.labels = labels;
        this.maxSteps = maxSteps;
        this.task = new ClassificationTask(network);
    }

    /** A new classifier. */
    public static SequenceClassifier create(
            SequenceNetworkConfig config,
            TextCodec codec,
            Labels labels,
            int maxSteps,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        SequenceNetwork network = SequenceNetwork.create(config, device, choice, initialization, seed);
        return Predictions.owning(network, () -> new SequenceClassifier(network, codec, labels, maxSteps));
    }

    /**
     * A classifier that {@link #save} wrote.
     *
     * @throws dev.fusedrnn.io.InvalidFileException if the file is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static SequenceClassifier load(Path path, Device device, EngineChoice choice) throws IOException {
        ModelFile file = ModelFile.read(path, KIND, config -> SequenceNetwork.plan(SequenceNetworkJson.read(config)));
        SequenceNetwork network = SequenceNetwork.create(SequenceNetworkJson.read(file.config()), device, choice);
        return Predictions.loaded(path, network, () -> {
            file.copyTo(network.parameters());
            TextCodec codec = file.texts().containsKey(CODEC) ? TextCodec.fromJson(file.text(CODEC)) : null;
            int maxSteps = Integer.parseInt(file.text(MAX_STEPS));
            return new SequenceClassifier(network, codec, Labels.fromJson(file.text(CLASSES)), maxSteps);
        });
    }

    /** Saves parameters, configuration, vocabulary and classes, atomically. */
    public void save(Path path) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        if (codec != null) {
            texts.put(CODEC, codec.toJson());
        }
        texts.put(CLASSES, labels.toJson());
        texts.put(MAX_STEPS, Integer.toString(maxSteps));
        ModelFile.of(KIND, SequenceNetworkJson.write(network.config()), network.parameters(), texts)
                .save(path);
    }

    /** The layers. */
    public SequenceNetwork network() {
        return network;
    }

    /** What turns text into token ids; null if features are read. */
    public TextCodec codec() {
        return codec;
    }

    /** The classes. */
    public Labels labels() {
        return labels;
    }

    /** A text as the network reads it: its first tokens, or the unknown token if it has none. */
    public InputSequence encode(String text) {
        if (codec == null) {
            throw new IllegalArgumentException("this classifier reads features, found a text");
        }
        int[] ids = codec.encode(text);
        return InputSequence.tokens(
                ids.length == 0
                        ? new int[] {codec.vocabulary().unknownId()}
                        : Arrays.copyOf(ids, Math.min(maxSteps, ids.length)));
    }

    /**
     * A text and a question about it: each word of the question stands beside every token of the text as a further channel, so that
     * what is remembered of the text depends on the question. All questions must have equally many tokens.
     */
    public InputSequence encode(String text, String question) {
        InputSequence read = encode(text);
        int[] asked = codec.encode(question);
        int[][] channels = new int[1 + asked.length][read.length()];
        channels[0] = read.tokens()[0];
        for (int i = 0; i < asked.length; i++) {
            Arrays.fill(channels[1 + i], asked[i]);
        }
        return InputSequence.channels(channels);
    }

    /** Texts as examples of this classifier's numbers. */
    public List<LabelledSequence> encode(List<LabelledText> texts) {
        return texts.stream()
                .map(text -> new LabelledSequence(encode(text.text()), labels.id(text.label())))
                .toList();
    }

    /**
     * A trainer of this classifier; the caller closes it before the classifier.
     *
     * @param validation may be empty
     */
    public SupervisedTrainer<LabelledSequence> trainer(
            List<LabelledSequence> training,
            List<LabelledSequence> validation,
            Batching batching,
            TrainerConfig config) {
        return new SupervisedTrainer<>(task, training, validation, batching, config);
    }

    /** The class of a text. */
    public Classified classify(String text) {
        return classify(List.of(encode(text))).get(0);
    }

    /**
     * The classes of sequences, in their order; computed in minibatches.
     *
     * @throws IllegalStateException if a probability is not a number: training has diverged, or features are too large
     */
    public List<Classified> classify(List<InputSequence> sequences) {
        return probabilities(sequences).stream().map(this::classified).toList();
    }

    /** How well the classes of examples are found. */
    public ClassScores evaluate(List<LabelledSequence> examples) {
        List<double[]> found =
                probabilities(examples.stream().map(LabelledSequence::input).toList());
        return ClassScores.of(
                labels.size(),
                examples.stream().mapToInt(LabelledSequence::label).toArray(),
                found.stream().mapToInt(SequenceClassifier::likeliest).toArray());
    }

    private List<double[]> probabilities(List<InputSequence> sequences) {
        return Predictions.inOrder(network, sequences, batch -> {
            float[] logits = task.logits(batch);
            List<double[]> found = new ArrayList<>(batch.size());
            for (int n = 0; n < batch.size(); n++) {
                found.add(softmax(logits, n * labels.size(), labels.size()));
            }
            return found;
        });
    }

    private Classified classified(double[] probabilities) {
        Map<String, Double> named = new LinkedHashMap<>();
        for (int k = 0; k < probabilities.length; k++) {
            named.put(labels.name(k), probabilities[k]);
        }
        return new Classified(labels.name(likeliest(probabilities)), named);
    }

    private static double[] softmax(float[] logits, int from, int count) {
        double most = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < count; k++) {
            most = Math.max(most, logits[from + k]);
        }
        double[] probabilities = new double[count];
        double sum = 0;
        for (int k = 0; k < count; k++) {
            probabilities[k] = Math.exp(logits[from + k] - most);
            sum += probabilities[k];
        }
        for (int k = 0; k < count; k++) {
            probabilities[k] /= sum;
            if (Double.isNaN(probabilities[k])) {
                throw new IllegalStateException("the probability of a class is not a number: training has diverged,"
                        + " or features are too large");
            }
        }
        return probabilities;
    }

    private static int likeliest(double[] probabilities) {
        int best = 0;
        for (int k = 1; k < probabilities.length; k++) {
            best = probabilities[k] > probabilities[best] ? k : best;
        }
        return best;
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
