package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The layers of a language model on one arena of parameters: {@code embedding.weight} (unless the input is one-hot), {@code
 * rnn.*}, {@code rnn_last.*} if the last layer has a size of its own, {@code head.weight} (unless tied) and {@code head.bias}.
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

    /** Dropout stream of the first recurrent matrix, behind those of zoneout; those of further matrices follow. */
    public static final int WEIGHT_STREAM = 1 << 18;

    /** Name of the recurrent layers' section of the parameters. */
    public static final String RNN = "rnn";

    /** Name of the last layer's section, if its size differs from the others'. */
    public static final String RNN_LAST = "rnn_last";

    private static final String EMBEDDING = "embedding.weight";
    private static final String HEAD_WEIGHT = "head.weight";
    private static final String HEAD_BIAS = "head.bias";

    private final LanguageNetworkConfig config;
    private final Kernels kernels;
    private final Parameters parameters;
    private final InputLayer input;
    private final List<Rnn> stacks;
    private final Linear head;

    private LanguageNetwork(LanguageNetworkConfig config, Kernels kernels, Parameters parameters, EngineChoice choice) {
        this.config = config;
        this.kernels = kernels;
        this.parameters = parameters;
        List<Rnn> rnns = new ArrayList<>();
        for (RnnConfig stack : config.stacks()) {
            rnns.add(Rnn.on(parameters, section(rnns.size()), stack, choice));
        }
        this.stacks = List.copyOf(rnns);
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
        DataType dataType = config.rnn().dataType();
        if (dataType == DataType.F64) {
            throw new IllegalArgumentException("a language network computes in F32, BF16 or F16, found F64");
        }
        config.stacks().forEach(stack -> Engines.choose(choice, stack, device));
        Kernels kernels = Kernels.of(device);
        Parameters parameters = null;
        try {
            parameters = plan(config).build(device, dataType);
            return new LanguageNetwork(config, kernels, parameters, choice);
        } catch (RuntimeException | Error failed) {
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
        List<RnnConfig> stacks = config.stacks();
        for (int i = 0; i < stacks.size(); i++) {
            plan.section(section(i), ParameterLayout.of(stacks.get(i)));
        }
        if (!config.tied()) {
            plan.add(HEAD_WEIGHT, config.vocabularySize(), config.outputSize());
        }
        return plan.add(HEAD_BIAS, config.vocabularySize());
    }

    /** Draws all parameters. */
    public void initialize(Initialization initialization, long seed) {
        Random random = new Random(seed);
        if (config.embeddingSize() > 0) {
            initialization.embedding(parameters, EMBEDDING, random);
        }
        stacks.forEach(rnn -> rnn.initialize(initialization, random));
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

    /** The recurrent layers: stacks of layers of one size, each of which reads what the one before writes. */
    public List<Rnn> stacks() {
        return stacks;
    }

    /** States of zeros for {@link Rnn#step}, one of each stack; the caller closes them. */
    public List<RnnState> zeroStates(int batch) {
        List<RnnState> states = new ArrayList<>();
        try {
            stacks.forEach(rnn -> states.add(rnn.zeroState(batch)));
            return List.copyOf(states);
        } catch (RuntimeException | Error noMemory) {
            states.forEach(RnnState::close);
            throw noMemory;
        }
    }

    private static String section(int stack) {
        return stack == 0 ? RNN : RNN_LAST;
    }

    /** The head over the vocabulary. */
    public Linear head() {
        return head;
    }

    /** Frees everything. Closing twice is harmless. */
    @Override
    public void close() {
        stacks.forEach(Rnn::close);
        input.close();
        parameters.close();
        kernels.close();
    }
}
