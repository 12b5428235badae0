package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Random;

/**
 * The layers of a language model on one arena of parameters: {@code embedding.weight} (unless the input is one-hot), {@code
 * rnn.*}, {@code head.weight} (unless tied) and {@code head.bias}.
 *
 * <p>Confined to one thread at a time, like its device.
 */
public final class LanguageNetwork implements AutoCloseable {
    /** Dropout stream of the input features; the stack's layers use the streams from 0 on. */
    public static final int INPUT_STREAM = 1 << 16;

    /** Dropout stream of the last layer's output. */
    public static final int OUTPUT_STREAM = INPUT_STREAM + 1;

    /** Dropout stream of the embedding's rows. */
    public static final int EMBEDDING_STREAM = INPUT_STREAM + 2;

    /** Dropout stream of the first recurrent matrix; those of further layers and directions follow. */
    public static final int WEIGHT_STREAM = 1 << 17;

    /** Name of the stack's section of the parameters. */
    public static final String RNN = "rnn";

    private static final String EMBEDDING = "embedding.weight";
    private static final String HEAD_WEIGHT = "head.weight";
    private static final String HEAD_BIAS = "head.bias";

    private final LanguageNetworkConfig config;
    private final Kernels kernels;
    private final Parameters parameters;
    private final InputLayer input;
    private final Rnn rnn;
    private final Linear head;

    private LanguageNetwork(LanguageNetworkConfig config, Kernels kernels, Parameters parameters, EngineChoice choice) {
        this.config = config;
        this.kernels = kernels;
        this.parameters = parameters;
        this.rnn = Rnn.on(parameters, RNN, config.rnn(), choice);
        this.head = new Linear(kernels, parameters, config.tied() ? EMBEDDING : HEAD_WEIGHT, HEAD_BIAS);
        this.input = config.embeddingSize() > 0
                ? new Embedding(kernels, parameters, EMBEDDING)
                : new OneHotInput(kernels, config.rnn().dataType(), config.vocabularySize());
    }

    /**
     * A network with all parameters zero.
     *
     * @throws IllegalArgumentException if the engine asked for cannot run the stack on the device
     */
    public static LanguageNetwork create(LanguageNetworkConfig config, Device device, EngineChoice choice) {
        RnnConfig stack = config.rnn();
        if (stack.dataType() == DataType.F64) {
            throw new IllegalArgumentException("a language network computes in F32, BF16 or F16, found F64");
        }
        Engines.choose(choice, stack, device);
        Kernels kernels = Kernels.of(device);
        Parameters parameters = null;
        try {
            parameters = plan(config).build(device, stack.dataType());
            return new LanguageNetwork(config, kernels, parameters, choice);
        } catch (RuntimeException failed) {
            if (parameters != null) {
                parameters.close();
            }
            kernels.close();
            throw failed;
        }
    }

    /** The parameters of a configuration, without taking memory. */
    public static Parameters.Builder plan(LanguageNetworkConfig config) {
        Parameters.Builder plan = Parameters.builder();
        if (config.embeddingSize() > 0) {
            plan.add(EMBEDDING, config.vocabularySize(), config.embeddingSize());
        }
        plan.section(RNN, ParameterLayout.of(config.rnn()));
        if (!config.tied()) {
            plan.add(HEAD_WEIGHT, config.vocabularySize(), config.rnn().totalOutputSize());
        }
        return plan.add(HEAD_BIAS, config.vocabularySize());
    }

    /** Draws all parameters. */
    public void initialize(Initialization initialization, long seed) {
        Random random = new Random(seed);
        if (config.embeddingSize() > 0) {
            initialization.embedding(parameters, EMBEDDING, random);
        }
        rnn.initialize(initialization, random);
        int inputs = head.inputs();
        if (!config.tied()) {
            initialization.linear(parameters, HEAD_WEIGHT, inputs, random);
        }
        initialization.linear(parameters, HEAD_BIAS, inputs, random);
    }

    /** The layers' sizes. */
    public LanguageNetworkConfig config() {
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

    /** The input layer. */
    public InputLayer input() {
        return input;
    }

    /** The recurrent stack. */
    public Rnn rnn() {
        return rnn;
    }

    /** The head over the vocabulary. */
    public Linear head() {
        return head;
    }

    /** Frees everything. Closing twice is harmless. */
    @Override
    public void close() {
        rnn.close();
        input.close();
        parameters.close();
        kernels.close();
    }
}
