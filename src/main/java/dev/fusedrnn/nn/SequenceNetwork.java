package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Device;
import java.util.Random;

/**
 * The layers of a {@link SequenceNetworkConfig} on one arena of parameters: {@code embedding.weight} where the input is tokens,
 * {@code rnn.*}, {@code head.weight} and {@code head.bias}; with a random field {@code crf.transitions} (from a class, the row, to
 * the next), {@code crf.start} and {@code crf.end}, which start as zeros.
 *
 * <p>Confined to one thread at a time, like its device.
 */
public final class SequenceNetwork implements AutoCloseable {
    /** Name of the scores of a class behind another, [O, O]. */
    public static final String CRF_TRANSITIONS = "crf.transitions";

    /** Name of the scores of a first class, [O]. */
    public static final String CRF_START = "crf.start";

    /** Name of the scores of a last class, [O]. */
    public static final String CRF_END = "crf.end";

    private static final String EMBEDDING = "embedding.weight";
    private static final String RNN = "rnn";
    private static final String HEAD_WEIGHT = "head.weight";
    private static final String HEAD_BIAS = "head.bias";

    private final SequenceNetworkConfig config;
    private final Kernels kernels;
    private final Parameters parameters;
    private final Embedding embedding;
    private final Rnn rnn;
    private final Linear head;

    private SequenceNetwork(SequenceNetworkConfig config, Kernels kernels, Parameters parameters, EngineChoice choice) {
        this.config = config;
        this.kernels = kernels;
        this.parameters = parameters;
        this.embedding = config.embeds() ? new Embedding(kernels, parameters, EMBEDDING) : null;
        this.rnn = Rnn.on(parameters, RNN, config.rnn(), choice);
        this.head = new Linear(kernels, parameters, HEAD_WEIGHT, HEAD_BIAS);
    }

    /**
     * A network with all parameters zero.
     *
     * @throws IllegalArgumentException if the engine asked for cannot run the stack on the device
     */
    public static SequenceNetwork create(SequenceNetworkConfig config, Device device, EngineChoice choice) {
        Engines.choose(choice, config.rnn(), device);
        Kernels kernels = Kernels.of(device);
        Parameters parameters = null;
        try {
            parameters = plan(config).build(device, config.rnn().dataType());
            return new SequenceNetwork(config, kernels, parameters, choice);
        } catch (RuntimeException | Error failed) {
            if (parameters != null) {
                parameters.close();
            }
            kernels.close();
            throw failed;
        }
    }

    /** The same with parameters drawn. */
    public static SequenceNetwork create(
            SequenceNetworkConfig config,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        SequenceNetwork network = create(config, device, choice);
        try {
            network.initialize(initialization, seed);
            return network;
        } catch (RuntimeException | Error failed) {
            network.close();
            throw failed;
        }
    }

    /** The parameters of a configuration, without taking memory. */
    public static Parameters.Builder plan(SequenceNetworkConfig config) {
        Parameters.Builder plan = Parameters.builder();
        if (config.embeds()) {
            plan.add(EMBEDDING, config.vocabularySize(), config.rnn().inputSize());
        }
        plan.section(RNN, ParameterLayout.of(config.rnn()));
        plan.add(HEAD_WEIGHT, config.outputs(), config.pooling().features(config.rnn()));
        plan.add(HEAD_BIAS, config.outputs());
        if (config.crf()) {
            plan.add(CRF_TRANSITIONS, config.outputs(), config.outputs());
            plan.add(CRF_START, config.outputs());
            plan.add(CRF_END, config.outputs());
        }
        return plan;
    }

    /** Draws all parameters but those of a random field. */
    public void initialize(Initialization initialization, long seed) {
        Random random = new Random(seed);
        if (embedding != null) {
            initialization.embedding(parameters, EMBEDDING, random);
        }
        rnn.initialize(initialization, random);
        initialization.linear(parameters, HEAD_WEIGHT, head.inputs(), random);
        initialization.linear(parameters, HEAD_BIAS, head.inputs(), random);
    }

    /** The layers' sizes. */
    public SequenceNetworkConfig config() {
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

    /** The embedding; null if the input has features itself. */
    public Embedding embedding() {
        return embedding;
    }

    /** The recurrent layers. */
    public Rnn rnn() {
        return rnn;
    }

    /** The head. */
    public Linear head() {
        return head;
    }

    /** Frees everything. Closing twice is harmless. */
    @Override
    public void close() {
        rnn.close();
        parameters.close();
        kernels.close();
    }
}
