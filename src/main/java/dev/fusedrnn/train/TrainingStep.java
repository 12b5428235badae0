package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.optim.Optimizer;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.WeightAverage;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One optimizer step on a minibatch of fixed shape, or of one of a few lengths: forward, loss, backward, global-norm clipping,
 * update. Nothing is allocated and nothing waits; losses gather on the device until {@link #takeLoss} reads them.
 */
public final class TrainingStep implements AutoCloseable {
    /** A pass over minibatches of one length, with what has been recorded of the step. */
    private static final class Length {
        private final SequencePass pass;
        private Recording recording;
        private float recordedScale;

        private Length(SequencePass pass) {
            this.pass = pass;
        }

        private void closeRecording() {
            if (recording != null) {
                recording.close();
            }
        }
    }

    private final int steps;
    private final SequencePass pass;
    private final Map<Integer, Length> lengths = new LinkedHashMap<>();
    private final Optimizer optimizer;
    private final WeightAverage average;
    private final Parameters parameters;
    private final Reduction reduction;
    private final int batch;
    private final long dropoutSeed;
    private final Tensor gradientScale;
    private final LossScale lossScale;
    /** Learning rate, step count, gradient scale, share of the average: what changes from step to step. */
    private final float[] host = new float[MinibatchInts.SCALARS];

    private final Kernels kernels;

    /**
     * Takes the tensors of a shape.
     *
     * @param carried whether the recurrent state is carried from step to step
     * @param config optimizer, clipping, reduction, penalty and the seed of dropout; learning rates are given step by step
     */
    public TrainingStep(LanguageNetwork network, int steps, int batch, boolean carried, TrainerConfig config) {
        this(network, new int[] {steps}, batch, carried, config);
    }

    /** The same for minibatches of several lengths, which share memory and the carried state. */
    TrainingStep(LanguageNetwork network, int[] lengths, int batch, boolean carried, TrainerConfig config) {
        this.steps = Arrays.stream(lengths).max().orElseThrow();
        this.reduction = config.reduction();
        this.batch = batch;
        this.dropoutSeed = config.dropoutSeed();
        this.lossScale = new LossScale(network.config().rnn().dataType());
        this.pass = new SequencePass(network, steps, batch, true, carried, config.penalty());
        this.kernels = network.kernels();
        this.parameters = network.parameters();
        Tensor scalars = pass.scalars();
        this.gradientScale = scalars.view(2, 1);
        this.average = config.optimizer() instanceof NtAsgd
                ? new WeightAverage(kernels, network.parameters(), scalars.view(3, 1))
                : null;
        this.optimizer = new Optimizer(
                config.optimizer(),
                config.decayScope(),
                kernels,
                network.parameters(),
                config.clip(),
                scalars.view(0, 2),
                average);
        this.lengths.put(steps, new Length(pass));
        try {
            for (int length : lengths) {
                if (length != steps) {
                    this.lengths.put(length, new Length(pass.shorter(length)));
                }
            }
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /**
     * Queues one step.
     *
     * @param inputs token ids, [T, N]
     * @param targets token ids, [T, N]; negative ones are ignored
     * @param targetCount how many targets are not ignored
     * @param continuesState whether a carried state goes on; else it starts from zero
     * @param learningRate of this step
     * @param step optimizer steps done before this one; also says which dropout masks are drawn
     */
    public void run(
            int[] inputs, int[] targets, long targetCount, boolean continuesState, double learningRate, long step) {
        prepare(targetCount, continuesState, learningRate, step);
        pass.load(inputs, targets, dropoutSeed, (int) step);
        run(steps);
    }

    /** The same with a minibatch of {@code length} steps that has been put together already. */
    void run(MinibatchRing.Slot minibatch, int length, boolean continuesState, double learningRate, long step) {
        prepare(minibatch.targetCount(), continuesState, learningRate, step);
        pass.load(minibatch.ints(), dropoutSeed, (int) step);
        run(length);
    }

    private void prepare(long targetCount, boolean continuesState, double learningRate, long step) {
        if (!continuesState) {
            pass.resetState();
        }
        if (average != null) {
            average.hide();
        }
        host[0] = (float) learningRate;
        host[1] = step + 1;
        host[2] = (float) (reduction.factor(targetCount, batch) * lossScale.scale());
        host[3] = average == null ? 0 : average.nextShare();
        pass.setScalars(host);
    }

    private void run(int length) {
        recording(lengths.get(length)).run();
        // What is replayed changes them unseen.
        parameters.changed();
        if (average != null) {
            average.stepped();
        }
        if (lossScale.wantsCheck()) {
            lossScale.check(optimizer.scale().toFloats()[0]);
        }
    }

    private Recording recording(Length length) {
        if (length.recording == null || length.recordedScale != lossScale.scale()) {
            length.closeRecording();
            length.recordedScale = lossScale.scale();
            length.recording = kernels.recording(() -> compute(length.pass));
        }
        return length.recording;
    }

    /** The same calls on the same addresses each time, unless the loss scale changes. */
    private void compute(SequencePass minibatch) {
        minibatch.differentiate(gradientScale);
        optimizer.step(1 / lossScale.scale());
    }

    /** Reads the sum of losses in nats since the last call. Waits for queued work. */
    public double takeLoss() {
        return pass.takeLoss();
    }

    /** Reads the sum of the penalties on outputs since the last call: see {@link SequencePass#takePenalty}. */
    public double takePenalty() {
        return pass.takePenalty();
    }

    /** The norm of all gradients in the last step before clipping. Waits for queued work. */
    public double gradientNorm() {
        return Math.sqrt(optimizer.squaredNorm().toFloats()[0]) / lossScale.scale();
    }

    /** The carried states, one of each recurrent stack; empty if they are not carried. */
    public List<RnnState> states() {
        return pass.states();
    }

    /** What the step holds on the device, the network's parameters included. */
    public TrainingMemory memory() {
        long values = parameters.values().byteSize();
        boolean copied = parameters.masters() != parameters.values();
        OptimizerConfig config = optimizer.config();
        TrainingMemory shared = new TrainingMemory(
                values + (copied ? parameters.masters().byteSize() : 0),
                parameters.gradients().byteSize(),
                (config.usesMoment1() ? parameters.moment(0).byteSize() : 0)
                        + (config.usesMoment2() ? parameters.moment(1).byteSize() : 0)
                        + (average == null ? 0 : average.bytes()),
                0,
                0,
                0,
                0);
        return lengths.values().stream().map(length -> length.pass.memory()).reduce(shared, TrainingMemory::plus);
    }

    /** How the recurrence is computed, for reports. */
    public String plan() {
        return pass.plan();
    }

    /** The average of the parameters over steps; null if the optimizer keeps none. */
    WeightAverage average() {
        return average;
    }

    LossScale lossScale() {
        return lossScale;
    }

    /** Frees all tensors but the parameters. Closing twice is harmless. */
    @Override
    public void close() {
        for (Length length : lengths.values()) {
            length.closeRecording();
            if (length.pass != pass) {
                length.pass.close();
            }
        }
        pass.close();
        optimizer.close();
        if (average != null) {
            average.close();
        }
    }
}
