package dev.fusedrnn.train;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.Scratch;
import dev.fusedrnn.engine.TableGradient;
import dev.fusedrnn.engine.TokenInput;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.InputLayer;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.nn.SoftmaxLoss;
import dev.fusedrnn.nn.WeightDrop;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.StagedInts;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A network on minibatches of one shape: features, recurrence, loss, and the way back. All tensors are taken once; a pass
 * queues device calls alone, always the same ones on the same addresses, and waits for nothing, so that it can be recorded
 * and replayed. What changes from step to step is in device memory that {@link #load} fills.
 *
 * <p>With a carried state, each pass starts where the one before ended. The state is detached: no gradient flows back into
 * the earlier minibatch. Without, each starts from zeros.
 */
public final class SequencePass implements AutoCloseable {
    private final LanguageNetwork network;
    private final FeatureDropout dropout;
    private final ActivityPenalty penalty;
    private final Kernels kernels;
    private final int steps;
    private final int batch;
    private final int rows;
    private final boolean training;
    private final SequencePass longest;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final MinibatchInts minibatch;
    private final Tensor ids;
    private final Tensor targets;
    private final Tensor random;
    private final List<Scratch> scratch = new ArrayList<>();
    private final List<RnnExecution> executions = new ArrayList<>();
    /** What the first stack reads in place of x; null if it reads x. */
    private final StackPass.Tokens tokens;

    private final Tensor x;
    private final Tensor features;
    private final Tensor dFeatures;
    private final Tensor dx;
    private final Tensor lossSum;
    private final Tensor penaltySum;
    private final List<WeightDrop> weightDrops;
    private final List<StackPass> stacks = new ArrayList<>();
    private final SoftmaxLoss loss;
    private final Recording evaluation;

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
        this(network, steps, batch, training, carried, penalty, null);
    }

    private SequencePass(
            LanguageNetwork network,
            int steps,
            int batch,
            boolean training,
            boolean carried,
            ActivityPenalty penalty,
            SequencePass longest) {
        this.network = network;
        Dropouts dropouts = training ? network.config().dropouts() : Dropouts.NONE;
        this.penalty = penalty;
        this.kernels = network.kernels();
        this.steps = steps;
        this.batch = batch;
        this.rows = MinibatchInts.rows(steps, batch);
        this.training = training;
        this.longest = longest;
        try {
            minibatch = longest == null ? own(new MinibatchInts(network.device(), rows)) : longest.minibatch;
            ids = minibatch.inputs(rows);
            targets = minibatch.targets(rows);
            random = minibatch.random(0);
            dropout = new FeatureDropout(kernels, dropouts, random);
            for (int i = 0; i < network.stacks().size(); i++) {
                // Stacks have their own, as weight gradients of one are computed beside the recurrence of another.
                scratch.add(longest == null ? own(Scratch.shared(network.device())) : longest.scratch.get(i));
                executions.add(own(network.stacks().get(i).prepare(steps, batch, training, scratch.get(i))));
            }
            tokens = dropout.dropsInput() ? null : tokens();
            int outputs = network.config().outputSize();
            int inputs = network.config().rnn().inputSize();
            x = tokens == null ? sequence(longest == null ? null : longest.x, inputs) : null;
            Tensor y = sequence(longest == null ? null : longest.stackOutputs(), outputs);
            features = dropouts.output() > 0 ? sequence(longest == null ? null : longest.features, outputs) : y;
            dFeatures = training ? sequence(longest == null ? null : longest.dFeatures, outputs) : null;
            boolean learnsInput = training && network.input().hasParameters();
            dx = learnsInput && tokens == null ? sequence(longest == null ? null : longest.dx, inputs) : null;
            lossSum = longest == null ? own(network.device().zeros(DataType.F32, 1)) : longest.lossSum;
            penaltySum = longest == null ? own(network.device().zeros(DataType.F32, 1)) : longest.penaltySum;
            weightDrops = longest == null ? WeightDrop.of(network, dropouts.weights(), this::own) : longest.weightDrops;
            loss = longest == null
                    ? own(new SoftmaxLoss(
                            kernels, network.head(), network.config().rnn().dataType(), rows, training))
                    : longest.loss;
            addStacks(y, carried);
            evaluation = own(kernels.recording(this::queueEvaluation));
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /**
     * A pass over fewer steps that shares all tensors, sums and the carried state with this one, and takes the same minibatches
     * in memory: T·N inputs and targets each at their start. To be closed before this.
     */
    SequencePass shorter(int fewerSteps) {
        if (fewerSteps >= steps || longest != null) {
            throw new IllegalArgumentException(
                    "steps must be below the " + steps + " of a pass of its own, found " + fewerSteps);
        }
        boolean carried = stacks.get(0).state() != null;
        return new SequencePass(network, fewerSteps, batch, training, carried, penalty, this);
    }

    /** Each stack reads what the one before wrote, behind dropout; on the way back the gradient takes the same tensor. */
    private void addStacks(Tensor lastY, boolean carried) {
        Tensor in = x;
        Tensor dIn = dx;
        int count = network.stacks().size();
        for (int i = 0; i < count; i++) {
            Rnn rnn = network.stacks().get(i);
            boolean last = i == count - 1;
            StackPass shared = longest == null ? null : longest.stacks.get(i);
            int width = rnn.config().totalOutputSize();
            Tensor y = last
                    ? lastY
                    : sequence(shared == null ? null : shared.sequences().y(), width);
            Tensor dy = last || !training
                    ? dFeatures
                    : sequence(shared == null ? null : shared.sequences().dy(), width);
            StackPass.Sequences sequences = new StackPass.Sequences(in, i == 0 ? tokens : null, y, dy, dIn);
            stacks.add(own(
                    shared != null
                            ? new StackPass(shared, executions.get(i), sequences)
                            : new StackPass(
                                    rnn,
                                    executions.get(i),
                                    sequences,
                                    carried,
                                    minibatch.random(i),
                                    weightDrops.isEmpty() ? null : weightDrops.get(i))));
            if (!last) {
                boolean drops = training && rnn.config().dropout() > 0;
                Tensor whole = longest == null
                        ? null
                        : longest.stacks.get(i + 1).sequences().x();
                in = drops ? sequence(whole, width) : y;
                dIn = dy;
            }
        }
    }

    /** Number of tokens of a minibatch, T·N. */
    public int rows() {
        return rows;
    }

    /** The states the next pass starts from, one of each recurrent stack; empty if they are not carried. */
    public List<RnnState> states() {
        return stacks.stream()
                .map(StackPass::state)
                .filter(state -> state != null)
                .toList();
    }

    /** Sets a carried state to zero. */
    public void resetState() {
        for (StackPass stack : stacks) {
            if (stack.state() != null) {
                stack.state().clear();
            }
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
        minibatch.load(inputs, targets, rows, seed, draw);
    }

    /**
     * Queues the transfer of a minibatch that has been put together already.
     *
     * @param assembled inputs, targets and {@link MinibatchInts#STEP_WORDS} integers that are filled in here
     */
    void load(StagedInts assembled, long seed, int draw) {
        minibatch.load(assembled, seed, draw);
    }

    /** F32 [{@value MinibatchInts#SCALARS}] on the device, which arrive with a minibatch. */
    Tensor scalars() {
        return minibatch.scalars();
    }

    /** Sets what {@link #scalars} hold from the next minibatch on. */
    void setScalars(float[] values) {
        minibatch.setScalars(values);
    }

    /** Losses of the loaded minibatch, added to the sum; the carried state advances. For a pass without training. */
    public void evaluate() {
        evaluation.run();
    }

    private void queueEvaluation() {
        loss.begin();
        forwardInput();
        forwardStacks();
        loss.forward(matrix(stackOutputs()), targets);
        kernels.sum(loss.losses().view(0, rows), lossSum, true);
        advance();
    }

    /**
     * Losses of the loaded minibatch, added to the sum, and the gradients of all parameters; the carried state advances.
     *
     * @param gradientScale F32 [1] on the device: the gradients are those of the sum of losses times this
     */
    public void differentiate(Tensor gradientScale) {
        loss.begin();
        forwardInput();
        weightDrops.forEach(drop -> drop.draw(random));
        forwardStacks();
        dropout.output(stackOutputs(), features);
        loss.forwardBackward(matrix(features), targets, gradientScale, matrix(dFeatures));
        kernels.beside(() -> kernels.sum(loss.losses().view(0, rows), lossSum, true));
        backwardOutput(gradientScale);
        kernels.withoutJoin(this::backwardStacks);
        if (!weightDrops.isEmpty()) {
            kernels.join();
            weightDrops.forEach(drop -> drop.backward(random));
        }
        if (dx != null) {
            backwardFeatures();
        }
        // Behind the weight gradients, which read the state this overwrites.
        kernels.beside(this::advance);
        kernels.join();
    }

    /**
     * The tokens, if the first stack's execution takes them. Where the embedding is also the head's, the engine adds to the head's
     * gradient, which was queued beside the recurrence before.
     */
    private StackPass.Tokens tokens() {
        InputLayer input = network.input();
        TokenInput read = input.tokens(ids);
        if (!executions.get(0).takes(read)) {
            return null;
        }
        boolean learns = training && input.hasParameters();
        boolean tied = network.config().tied();
        return new StackPass.Tokens(read, learns ? new TableGradient(input.tableGradient(), tied) : null);
    }

    private void forwardInput() {
        if (tokens == null) {
            network.input().forward(ids, matrix(x));
            dropout.input(ids, x);
        }
    }

    private void forwardStacks() {
        for (int i = 0; i < stacks.size(); i++) {
            stacks.get(i).forward();
            if (i + 1 < stacks.size()) {
                Tensor y = stacks.get(i).sequences().y();
                dropBetween(i, y, stacks.get(i + 1).sequences().x());
            }
        }
    }

    private void backwardStacks() {
        for (int i = stacks.size() - 1; i >= 0; i--) {
            stacks.get(i).backward();
            if (i > 0) {
                Tensor dx = stacks.get(i).sequences().dx();
                dropBetween(i - 1, dx, dx);
            }
        }
    }

    /** The dropout between a stack and the next: that of its layers, in the stream of its last one. */
    private void dropBetween(int stack, Tensor from, Tensor to) {
        RnnConfig config = network.stacks().get(stack).config();
        if (training && config.dropout() > 0) {
            int layer = config.layers() - 1;
            kernels.dropout(from, to, (float) config.dropout(), random, layer, config.dropoutPeriod(batch));
        }
    }

    private void backwardFeatures() {
        dropout.inputGradient(ids, dx);
        if (network.config().tied()) {
            // The head's gradient, to which this adds.
            kernels.join();
        }
        network.input().backward(ids, matrix(dx), network.config().tied());
    }

    /** From the gradient of what the head read to that of the stack's output, with the penalty on both. */
    private void backwardOutput(Tensor gradientScale) {
        Tensor y = stackOutputs();
        long width = y.shape().extent(2);
        float activity = penalty.activityFactor(width);
        float change = penalty.changeFactor(steps, width);
        if (activity > 0) {
            kernels.activityPenalty(features, dFeatures, activity, 0, gradientScale, penaltySum);
        }
        dropout.output(dFeatures, dFeatures);
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

    /** What it holds on the device, without parameters and what it shares with a longer pass. */
    TrainingMemory memory() {
        long activations = owned.stream()
                .mapToLong(resource -> resource instanceof Tensor tensor ? tensor.byteSize() : 0)
                .sum();
        if (longest == null) {
            activations += minibatch.bytes()
                    + weightDrops.stream().mapToLong(WeightDrop::bytes).sum();
        }
        activations += stacks.stream().mapToLong(StackPass::stateBytes).sum();
        return new TrainingMemory(
                0,
                0,
                0,
                activations,
                stacks.stream().mapToLong(StackPass::reserveBytes).sum(),
                executions.stream().mapToLong(RnnExecution::workspaceBytes).sum()
                        + (longest == null
                                ? scratch.stream().mapToLong(Scratch::bytes).sum()
                                : 0),
                longest == null ? loss.bytes() : 0);
    }

    /** How the recurrence is computed, for reports. */
    public String plan() {
        return stacks.stream().map(StackPass::plan).distinct().collect(Collectors.joining(" + "));
    }

    /** What the first stack reads, dropout included; null if it reads tokens. */
    Tensor stackInputs() {
        return x;
    }

    /** What the last stack writes. */
    Tensor stackOutputs() {
        return stacks.get(stacks.size() - 1).sequences().y();
    }

    /** What the head reads: the last stack's outputs behind their dropout. */
    Tensor headInputs() {
        return features;
    }

    private void advance() {
        stacks.forEach(stack -> stack.advance(kernels));
    }

    private Tensor matrix(Tensor sequence) {
        return sequence.view(0, rows, sequence.shape().extent(2));
    }

    /** A sequence [T, N, width] of its own, or the start of one that a longer pass has. */
    private Tensor sequence(Tensor whole, long width) {
        return whole == null
                ? own(network.device().allocate(network.config().rnn().dataType(), steps, batch, width))
                : whole.view(0, steps, batch, width);
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Frees all tensors. Closing twice is harmless. */
    @Override
    public void close() {
        Owned.close(owned);
    }
}
