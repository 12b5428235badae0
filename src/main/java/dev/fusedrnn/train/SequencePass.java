package dev.fusedrnn.train;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.nn.SoftmaxLoss;
import dev.fusedrnn.nn.WeightDrop;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.StagedInts;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A network on minibatches of one shape: features, recurrence, loss, and the way back. All tensors are taken once; a pass
 * queues device calls alone, always the same ones on the same addresses, and waits for nothing, so that it can be recorded
 * and replayed. What changes from step to step is in device memory that {@link #load} fills.
 *
 * <p>With a carried state, each pass starts where the one before ended. The state is detached: no gradient flows back into
 * the earlier minibatch. Without, each starts from zeros.
 */
public final class SequencePass implements AutoCloseable {
    /** Inputs and targets are staged in one array. */
    private static final int MAX_ROWS = 1 << 29;

    /** Integers of the dropout generator behind inputs and targets. */
    static final int RANDOM_WORDS = 4;

    private final LanguageNetwork network;
    private final Dropouts dropouts;
    private final ActivityPenalty penalty;
    private final Kernels kernels;
    private final int rows;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final StagedInts staged;
    private final Tensor ints;
    private final Tensor ids;
    private final Tensor targets;
    private final Tensor random;
    private final Tensor x;
    private final Tensor y;
    private final Tensor features;
    private final Tensor dFeatures;
    private final Tensor dx;
    private final Tensor lossSum;
    private final Tensor penaltySum;
    private final WeightDrop weightDrop;
    private final RnnState state;
    private final RnnState finalState;
    private final SoftmaxLoss loss;
    private final RnnExecution execution;
    private final ForwardCall forwardCall;
    private final BackwardCall backwardCall;
    private final Recording evaluation;
    private final int[] randomWords = new int[RANDOM_WORDS];

    /**
     * Takes the tensors of a shape.
     *
     * @param steps T
     * @param batch N
     * @param training whether there are backward passes, and dropout
     * @param carried whether the state is carried from pass to pass
     */
    public SequencePass(LanguageNetwork network, int steps, int batch, boolean training, boolean carried) {
        this(network, steps, batch, training, carried, ActivityPenalty.NONE);
    }

    /** The same with a penalty on the outputs in training. */
    public SequencePass(
            LanguageNetwork network, int steps, int batch, boolean training, boolean carried, ActivityPenalty penalty) {
        LanguageNetworkConfig config = network.config();
        RnnConfig stack = config.rnn();
        this.network = network;
        this.dropouts = training ? config.dropouts() : Dropouts.NONE;
        this.penalty = penalty;
        this.kernels = network.kernels();
        this.rows = rows(steps, batch);
        try {
            staged = own(new StagedInts(network.device(), 2 * rows + RANDOM_WORDS));
            ints = own(network.device().zeros(DataType.I32, 2L * rows + RANDOM_WORDS));
            ids = ints.view(0, rows);
            targets = ints.view(rows, rows);
            random = ints.view(2L * rows, RANDOM_WORDS);
            DataType type = stack.dataType();
            x = take(type, steps, batch, stack.inputSize());
            y = take(type, steps, batch, stack.totalOutputSize());
            features = dropouts.output() > 0 ? take(type, steps, batch, stack.totalOutputSize()) : y;
            dFeatures = training ? take(type, steps, batch, stack.totalOutputSize()) : null;
            dx = training && network.input().hasParameters() ? take(type, steps, batch, stack.inputSize()) : null;
            lossSum = own(network.device().zeros(DataType.F32, 1));
            penaltySum = own(network.device().zeros(DataType.F32, 1));
            weightDrop = dropouts.weights() > 0
                    ? own(new WeightDrop(kernels, network.rnn(), dropouts.weights(), LanguageNetwork.WEIGHT_STREAM))
                    : null;
            state = carried ? own(RnnState.zeros(stack, network.device(), batch)) : null;
            // The backward pass reads the initial state, so a training pass must not overwrite it.
            finalState = carried && training ? own(RnnState.zeros(stack, network.device(), batch)) : state;
            loss = own(new SoftmaxLoss(kernels, network.head(), type, rows, training));
            execution = own(network.rnn().prepare(steps, batch, training));
            forwardCall = forwardCall(training);
            backwardCall = training ? backwardCall() : null;
            evaluation = own(kernels.recording(this::queueEvaluation));
        } catch (RuntimeException failed) {
            close();
            throw failed;
        }
    }

    /** Number of tokens of a minibatch, T·N. */
    public int rows() {
        return rows;
    }

    /** The state the next pass starts from; null if it is not carried. */
    public RnnState state() {
        return state;
    }

    /** Sets a carried state to zero. */
    public void resetState() {
        if (state != null) {
            state.clear();
        }
    }

    /**
     * Queues the transfer of a minibatch.
     *
     * @param inputs token ids, [T, N]
     * @param targets token ids, [T, N]; negative ones are ignored
     * @param seed of the dropout masks
     * @param draw which of its masks
     */
    public void load(int[] inputs, int[] targets, long seed, int draw) {
        staged.await();
        staged.put(0, inputs, rows);
        staged.put(rows, targets, rows);
        load(staged, seed, draw);
    }

    /**
     * Queues the transfer of a minibatch that has been put together already.
     *
     * @param minibatch inputs, targets and {@link #RANDOM_WORDS} integers that are filled in here
     */
    void load(StagedInts minibatch, long seed, int draw) {
        randomWords[0] = (int) seed;
        randomWords[1] = (int) (seed >>> 32);
        randomWords[2] = draw;
        minibatch.put(2 * rows, randomWords, RANDOM_WORDS);
        minibatch.upload(ints);
    }

    /** Losses of the loaded minibatch without dropout, added to the sum; the carried state advances. */
    public void evaluate() {
        evaluation.run();
    }

    private void queueEvaluation() {
        network.input().forward(ids, matrix(x));
        execution.forward(forwardCall);
        loss.forward(matrix(y), targets);
        kernels.sum(loss.losses(), lossSum, true);
        advance();
    }

    /**
     * Losses of the loaded minibatch, added to the sum, and the gradients of all parameters; the carried state advances.
     *
     * @param gradientScale F32 [1] on the device: the gradients are those of the sum of losses times this
     */
    public void differentiate(Tensor gradientScale) {
        forwardFeatures();
        if (weightDrop != null) {
            weightDrop.draw(random);
        }
        execution.forward(forwardCall);
        drop(y, features, dropouts.output(), LanguageNetwork.OUTPUT_STREAM);
        loss.forwardBackward(matrix(features), targets, gradientScale, matrix(dFeatures));
        kernels.sum(loss.losses(), lossSum, true);
        backwardOutput(gradientScale);
        execution.backward(backwardCall);
        kernels.join();
        if (weightDrop != null) {
            weightDrop.backward(random);
        }
        if (dx != null) {
            backwardFeatures();
        }
        advance();
    }

    private void forwardFeatures() {
        network.input().forward(ids, matrix(x));
        if (dropouts.embedding() > 0) {
            kernels.dropoutRows(ids, x, x, (float) dropouts.embedding(), random, LanguageNetwork.EMBEDDING_STREAM);
        }
        drop(x, x, dropouts.input(), LanguageNetwork.INPUT_STREAM);
    }

    private void backwardFeatures() {
        drop(dx, dx, dropouts.input(), LanguageNetwork.INPUT_STREAM);
        if (dropouts.embedding() > 0) {
            kernels.dropoutRows(ids, dx, dx, (float) dropouts.embedding(), random, LanguageNetwork.EMBEDDING_STREAM);
        }
        network.input().backward(ids, matrix(dx), network.config().tied());
    }

    /** From the gradient of what the head read to that of the stack's output, with the penalty on both. */
    private void backwardOutput(Tensor gradientScale) {
        long width = y.shape().extent(2);
        float activity = penalty.activityFactor(width);
        float change = penalty.changeFactor(Math.toIntExact(y.shape().extent(0)), width);
        if (activity > 0) {
            kernels.activityPenalty(features, dFeatures, activity, 0, gradientScale, penaltySum);
        }
        drop(dFeatures, dFeatures, dropouts.output(), LanguageNetwork.OUTPUT_STREAM);
        if (change > 0) {
            kernels.activityPenalty(y, dFeatures, 0, change, gradientScale, penaltySum);
        }
    }

    /** Reads the sum of losses in nats since the last call and sets it to zero. Waits for queued work. */
    public double takeLoss() {
        double sum = lossSum.toFloats()[0];
        lossSum.clear();
        return sum;
    }

    /**
     * Reads the sum of the penalties on outputs since the last call and sets it to zero; divided by the number of tokens it is
     * what {@link ActivityPenalty} says. Waits for queued work.
     */
    public double takePenalty() {
        double sum = penaltySum.toFloats()[0];
        penaltySum.clear();
        return sum;
    }

    /** Bytes of the tensors between the layers, states included. */
    long activationBytes() {
        long all = owned.stream()
                .mapToLong(resource -> resource instanceof Tensor tensor ? tensor.byteSize() : 0)
                .sum();
        long states = stateBytes(state) + (finalState == state ? 0 : stateBytes(finalState));
        return all - reserveBytes() + states + (weightDrop == null ? 0 : weightDrop.bytes());
    }

    /** Bytes kept from the stack's forward pass for its backward pass. */
    long reserveBytes() {
        return forwardCall.reserve() == null ? 0 : forwardCall.reserve().byteSize();
    }

    /** Bytes of scratch memory of the stack's engine. */
    long workspaceBytes() {
        return execution.workspaceBytes();
    }

    /** Bytes of logits and losses. */
    long lossBytes() {
        return loss.bytes();
    }

    private static long stateBytes(RnnState state) {
        return state == null
                ? 0
                : state.h().byteSize() + (state.c() == null ? 0 : state.c().byteSize());
    }

    /** How the recurrence is computed, for reports. */
    public String plan() {
        return execution.plan();
    }

    /** What the stack reads, dropout included. */
    Tensor stackInputs() {
        return x;
    }

    /** What the stack writes. */
    Tensor stackOutputs() {
        return y;
    }

    /** What the head reads: the stack's outputs behind their dropout. */
    Tensor headInputs() {
        return features;
    }

    private static int rows(int steps, int batch) {
        long rows = (long) steps * batch;
        if (steps < 1 || batch < 1 || rows > MAX_ROWS) {
            throw new IllegalArgumentException("steps and batch must be 1 or more with a product of at most " + MAX_ROWS
                    + ", found " + steps + " and " + batch);
        }
        return (int) rows;
    }

    private void drop(Tensor from, Tensor to, double probability, int stream) {
        if (probability > 0) {
            long step = from.elements() / from.shape().extent(0);
            kernels.dropout(from, to, (float) probability, random, stream, dropouts.locked() ? step : 0);
        }
    }

    private void advance() {
        if (state != finalState) {
            state.copyFrom(finalState);
        }
    }

    private Tensor matrix(Tensor sequence) {
        return sequence.view(0, rows, sequence.shape().extent(2));
    }

    private ForwardCall forwardCall(boolean training) {
        Tensor reserve =
                training ? take(DataType.I32, (execution.reserveBytes() + Integer.BYTES - 1) / Integer.BYTES) : null;
        boolean drops = training && network.config().rnn().drawsMasks();
        return new ForwardCall(
                weightDrop == null ? network.rnn().flatParameters() : weightDrop.parameters(),
                x,
                state == null ? null : state.h(),
                state == null ? null : state.c(),
                null,
                drops ? random : null,
                y,
                state == null ? null : finalState.h(),
                state == null ? null : finalState.c(),
                reserve);
    }

    private BackwardCall backwardCall() {
        return new BackwardCall(
                forwardCall,
                dFeatures,
                null,
                null,
                dx,
                null,
                null,
                network.rnn().flatGradients(),
                false);
    }

    private Tensor take(DataType type, long... extents) {
        return own(network.device().allocate(type, extents));
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Frees all tensors. Closing twice is harmless. */
    @Override
    public void close() {
        for (AutoCloseable resource : owned) {
            try {
                resource.close();
            } catch (RuntimeException unchecked) {
                throw unchecked;
            } catch (Exception checked) {
                throw new IllegalStateException(checked);
            }
        }
    }
}
