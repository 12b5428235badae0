package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.optim.WeightAverage;
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
    private final ParameterStep update;
    private final Reduction reduction;
    private final int batch;
    private final long dropoutSeed;
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
        this.pass = new SequencePass(network, steps, batch, true, carried, config.penalty());
        this.kernels = network.kernels();
        this.update = new ParameterStep(config, kernels, network.parameters(), pass.scalars());
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
        pass.setScalars(update.next(reduction.factor(targetCount, batch), learningRate, step));
    }

    private void run(int length) {
        recording(lengths.get(length)).run();
        update.done();
    }

    private Recording recording(Length length) {
        if (length.recording == null || length.recordedScale != lossScale().scale()) {
            length.closeRecording();
            length.recordedScale = lossScale().scale();
            length.recording = kernels.recording(() -> compute(length.pass));
        }
        return length.recording;
    }

    /** The same calls on the same addresses each time, unless the loss scale changes. */
    private void compute(SequencePass minibatch) {
        minibatch.differentiate(update.gradientScale());
        update.queue();
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
        return update.gradientNorm();
    }

    /** The carried states, one of each recurrent stack; empty if they are not carried. */
    public List<RnnState> states() {
        return pass.states();
    }

    /** What the step holds on the device, the network's parameters included. */
    public TrainingMemory memory() {
        return lengths.values().stream()
                .map(length -> length.pass.memory())
                .reduce(update.memory(), TrainingMemory::plus);
    }

    /** How the recurrence is computed, for reports. */
    public String plan() {
        return pass.plan();
    }

    /** The average of the parameters over steps; null if the optimizer keeps none. */
    WeightAverage average() {
        return update.average();
    }

    LossScale lossScale() {
        return update.lossScale();
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
        update.close();
    }
}
