package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Device;
import java.util.Random;

/**
 * The layers of an encoder and a decoder on one arena of parameters: {@code encoder.embedding.weight}, {@code encoder.rnn.*}, {@code
 * bridge.weight_h_l0} and so on where the {@linkplain Seq2SeqConfig#hasBridge state needs a bridge}, {@code
 * decoder.embedding.weight}, {@code decoder.rnn.*}, {@code attention.query.weight}, {@code attention.key.weight} and {@code
 * attention.score.weight} with attention, {@code head.weight} and {@code head.bias}.
 *
 * <p>Confined to one thread at a time, like its device.
 */
public final class Seq2SeqNetwork implements AutoCloseable {
    private static final String ENCODER = "encoder.rnn";
    private static final String DECODER = "decoder.rnn";
    private static final String SOURCE_TABLE = "encoder.embedding.weight";
    private static final String TARGET_TABLE = "decoder.embedding.weight";
    private static final String HEAD_WEIGHT = "head.weight";
    private static final String HEAD_BIAS = "head.bias";

    private final Seq2SeqConfig config;
    private final Kernels kernels;
    private final Parameters parameters;
    private final Embedding source;
    private final Embedding target;
    private final Rnn encoder;
    private final Rnn decoder;
    private final Linear head;
    private final AttentionLayer attention;

    private Seq2SeqNetwork(Seq2SeqConfig config, Kernels kernels, Parameters parameters, EngineChoice choice) {
        this.config = config;
        this.kernels = kernels;
        this.parameters = parameters;
        this.source = new Embedding(kernels, parameters, SOURCE_TABLE);
        this.target = new Embedding(kernels, parameters, TARGET_TABLE);
        this.encoder = Rnn.on(parameters, ENCODER, config.encoder(), choice);
        this.decoder = Rnn.on(parameters, DECODER, config.decoder(), choice);
        this.head = new Linear(kernels, parameters, HEAD_WEIGHT, HEAD_BIAS);
        this.attention = config.attentionSize() > 0 ? new AttentionLayer(kernels, parameters) : null;
    }

    /**
     * A network with parameters of zeros.
     *
     * @throws IllegalArgumentException if the engine asked for cannot run it on the device
     */
    public static Seq2SeqNetwork create(Seq2SeqConfig config, Device device, EngineChoice choice) {
        Kernels kernels = Kernels.of(device);
        Parameters parameters = null;
        try {
            parameters = plan(config).build(device, config.encoder().dataType());
            return new Seq2SeqNetwork(config, kernels, parameters, choice);
        } catch (RuntimeException | Error failed) {
            if (parameters != null) {
                parameters.close();
            }
            kernels.close();
            throw failed;
        }
    }

    /** The parameters of a configuration, without taking memory. */
    public static Parameters.Builder plan(Seq2SeqConfig config) {
        Parameters.Builder plan = Parameters.builder()
                .add(SOURCE_TABLE, config.sourceVocabulary(), config.sourceEmbedding())
                .section(ENCODER, ParameterLayout.of(config.encoder()));
        if (config.hasBridge()) {
            StateBridge.plan(plan, "h", config);
            if (config.decoder().cell().hasCellState()) {
                StateBridge.plan(plan, "c", config);
            }
        }
        if (config.attentionSize() > 0) {
            AttentionLayer.plan(plan, config);
        }
        return plan.add(TARGET_TABLE, config.targetVocabulary(), config.targetEmbedding())
                .section(DECODER, ParameterLayout.of(config.decoder()))
                .add(HEAD_WEIGHT, config.targetVocabulary(), config.decoder().outputSize())
                .add(HEAD_BIAS, config.targetVocabulary());
    }

    /**
     * Draws all parameters.
     *
     * @param layers of recurrent and linear layers
     * @param embeddings of both tables; the book leaves them N(0, 1), {@link Initialization#FRAMEWORK}
     */
    public void initialize(Initialization layers, Initialization embeddings, long seed) {
        Random random = new Random(seed);
        embeddings.embedding(parameters, SOURCE_TABLE, random);
        embeddings.embedding(parameters, TARGET_TABLE, random);
        encoder.initialize(layers, random);
        decoder.initialize(layers, random);
        if (config.hasBridge()) {
            StateBridge.initialize(parameters, "h", config, layers, random);
            if (config.decoder().cell().hasCellState()) {
                StateBridge.initialize(parameters, "c", config, layers, random);
            }
        }
        if (attention != null) {
            AttentionLayer.initialize(parameters, config, layers, random);
        }
        layers.linear(parameters, HEAD_WEIGHT, head.inputs(), random);
        layers.linear(parameters, HEAD_BIAS, head.inputs(), random);
    }

    /** The layers' sizes. */
    public Seq2SeqConfig config() {
        return config;
    }

    /** Where it is. */
    public Device device() {
        return parameters.device();
    }

    /** The operations of its device. */
    public Kernels kernels() {
        return kernels;
    }

    /** All parameters. */
    public Parameters parameters() {
        return parameters;
    }

    Embedding source() {
        return source;
    }

    Embedding target() {
        return target;
    }

    Rnn encoder() {
        return encoder;
    }

    Rnn decoder() {
        return decoder;
    }

    Linear head() {
        return head;
    }

    /** Null if the context is the same at every step. */
    AttentionLayer attention() {
        return attention;
    }

    /** Frees everything. Closing twice is harmless. */
    @Override
    public void close() {
        encoder.close();
        decoder.close();
        parameters.close();
        kernels.close();
    }
}
