package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.Scratch;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;

/**
 * A recurrent stack: a configuration, its parameters on a device, and the engine chosen for it.
 *
 * <p>{@link #infer} computes outputs, {@link #forward} also keeps what a backward pass needs, {@link #step} advances a state
 * by one time step without allocating. Executions are prepared once per shape and kept, up to a fixed number.
 *
 * <p>Every method throws {@link IllegalArgumentException} naming the argument for a tensor of wrong shape, type or device,
 * and {@link IllegalStateException} after {@link #close()} and while another thread works on the device.
 */
public final class Rnn implements AutoCloseable {
    private final RnnConfig config;
    private final RecurrentEngine engine;
    private final Parameters parameters;
    private final String section;
    private final boolean ownsParameters;
    private final boolean batchFirst;
    private final ExecutionCache executions;
    private long dropoutSeed;
    private int dropoutDraw;
    private boolean closed;

    private Rnn(
            RnnConfig config,
            RecurrentEngine engine,
            Parameters parameters,
            String section,
            boolean ownsParameters,
            boolean batchFirst) {
        this.config = config;
        this.engine = engine;
        this.parameters = parameters;
        this.section = section;
        this.ownsParameters = ownsParameters;
        this.batchFirst = batchFirst;
        this.executions = new ExecutionCache(engine, config, parameters.device());
    }

    /**
     * A stack with parameters of its own, drawn as PyTorch draws them, U(±1/√H).
     *
     * @param seed of the parameters and of dropout
     * @throws IllegalArgumentException if the engine asked for cannot run the configuration on the device
     */
    public static Rnn create(RnnConfig config, Device device, EngineChoice choice, long seed) {
        return create(config, device, choice, seed, false);
    }

    /** The same; if {@code batchFirst}, x, y and their gradients are [N, T, …], copied at this border. */
    public static Rnn create(RnnConfig config, Device device, EngineChoice choice, long seed, boolean batchFirst) {
        RecurrentEngine engine = Engines.choose(choice, config, device);
        Parameters parameters =
                Parameters.builder().section("", ParameterLayout.of(config)).build(device, config.dataType());
        Rnn rnn = new Rnn(config, engine, parameters, "", true, batchFirst);
        try {
            rnn.initialize(Initialization.FRAMEWORK, new Random(seed));
        } catch (RuntimeException | Error failed) {
            rnn.close();
            throw failed;
        }
        rnn.dropoutSeed = seed;
        return rnn;
    }

    /** A stack on a section of a network's parameters, which stay the network's. */
    static Rnn on(Parameters parameters, String section, RnnConfig config, EngineChoice choice) {
        RecurrentEngine engine = Engines.choose(choice, config, parameters.device());
        return new Rnn(config, engine, parameters, section, false, false);
    }

    /** What is computed. */
    public RnnConfig config() {
        return config;
    }

    /** Where it is computed. */
    public Device device() {
        return parameters.device();
    }

    /** The engine chosen. */
    public RecurrentEngine engine() {
        return engine;
    }

    /** All parameters of the arena this stack is in. */
    public Parameters parameters() {
        requireOpen();
        return parameters;
    }

    /**
     * Flat view of this stack's parameters, in the order of {@link ParameterLayout}. Who writes to it says so with {@link
     * Parameters#changed}: engines keep copies of the weights from one pass to the next.
     */
    public Tensor flatParameters() {
        requireOpen();
        return parameters.sectionValues(section);
    }

    /** Flat view of the gradients of this stack's parameters. */
    public Tensor flatGradients() {
        requireOpen();
        return parameters.sectionGradients(section);
    }

    /** Draws new parameters. */
    public void initialize(Initialization initialization, Random random) {
        requireOpen();
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            String name = section.isEmpty() ? entry.name() : section + "." + entry.name();
            initialization.recurrent(parameters, name, config.hiddenSize(), random);
        }
    }

    /** Sets where the dropout generator stands: masks are a function of seed and draw, and each forward pass is a draw. */
    public void seedDropout(long seed, int draw) {
        dropoutSeed = seed;
        dropoutDraw = draw;
    }

    /** A state of zeros for {@link #step}. */
    public RnnState zeroState(int batch) {
        requireOpen();
        return RnnState.zeros(config, device(), batch);
    }

    /**
     * An execution that belongs to the caller, for those who own all tensors of a pass themselves.
     *
     * @param training whether backward passes will follow
     */
    public RnnExecution prepare(int steps, int batch, boolean training) {
        requireOpen();
        return engine.prepare(config, device(), steps, batch, training);
    }

    /** The same with scratch memory that executions share which never run at the same time. */
    public RnnExecution prepare(int steps, int batch, boolean training, Scratch scratch) {
        requireOpen();
        return engine.prepare(config, device(), steps, batch, training, scratch);
    }

    /** Outputs without dropout, with zoneout's expectation, and without keeping anything for a backward pass. */
    public RnnOutput infer(RnnInput input) {
        RnnCall call = check(input);
        device().enter();
        try (RnnBuffers buffers = RnnBuffers.forInput(call)) {
            executions
                    .get(call.steps(), call.batch(), false)
                    .forward(buffers.call(flatParameters(), null, null), parameters.version());
            return buffers.takeOutput();
        } finally {
            device().leave();
        }
    }

    /**
     * Outputs with dropout and zoneout, keeping what one backward pass needs. {@code input} must be unchanged and open until that.
     *
     * @return the pass; the caller closes it
     */
    public RnnPass forward(RnnInput input) {
        RnnCall call = check(input);
        device().enter();
        try {
            return forward(call);
        } finally {
            device().leave();
        }
    }

    private RnnPass forward(RnnCall call) {
        RnnBuffers buffers = RnnBuffers.forInput(call);
        try {
            ExecutionCache.Prepared prepared = executions.get(call.steps(), call.batch(), true);
            buffers.allocateReserve(prepared.execution());
            Tensor random = config.drawsMasks() ? buffers.random(dropoutSeed, dropoutDraw++) : null;
            ForwardCall forward = buffers.call(flatParameters(), random, buffers.reserve());
            prepared.forward(forward, parameters.version());
            return new RnnPass(this, call, buffers, forward, prepared);
        } catch (RuntimeException | Error failed) {
            buffers.close();
            throw failed;
        }
    }

    /**
     * Advances a state by one time step, without dropout and without allocating once the batch size has been seen.
     *
     * @param x [N, C]; read
     * @param state read and overwritten
     * @param y [N, P or H]; written
     * @throws IllegalArgumentException also if the stack is bidirectional: its backward direction starts at the end
     */
    public void step(Tensor x, RnnState state, Tensor y) {
        requireOpen();
        if (config.bidirectional()) {
            throw new IllegalArgumentException("a bidirectional stack cannot advance by single steps");
        }
        int batch = state.batch();
        RnnCall.checkState(config, device(), batch, state.h(), state.c());
        Arguments.tensor("x", x, config.dataType(), device(), "[N, C]", batch, config.inputSize());
        Arguments.tensor("y", y, config.dataType(), device(), "[N, H]", batch, config.outputSize());
        device().enter();
        try {
            executions
                    .get(1, batch, false)
                    .forward(
                            new ForwardCall(
                                    flatParameters(),
                                    x.view(0, 1, batch, config.inputSize()),
                                    state.h(),
                                    state.c(),
                                    null,
                                    null,
                                    y.view(0, 1, batch, config.outputSize()),
                                    state.h(),
                                    state.c(),
                                    null),
                            parameters.version());
        } finally {
            device().leave();
        }
    }

    /** Frees executions, and the parameters if they are this stack's own. Closing twice is harmless. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        device().enter();
        try {
            closed = true;
            executions.close();
            if (ownsParameters) {
                parameters.close();
            }
        } finally {
            device().leave();
        }
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this rnn is closed");
        }
    }

    int preparedExecutions() {
        return executions.size();
    }

    private RnnCall check(RnnInput input) {
        requireOpen();
        return RnnCall.of(config, device(), batchFirst, input);
    }
}
