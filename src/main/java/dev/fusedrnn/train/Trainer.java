package dev.fusedrnn.train;

import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.text.Minibatches;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * Trains a network by truncated backpropagation through time: minibatch after minibatch, epoch after epoch, with the state
 * carried and detached where minibatches continue each other, else from zero.
 *
 * <p>With an averaging optimizer the network holds the average whenever the caller can look at it, but for {@link
 * TrainingListener#progress}: after {@link #run}, {@link #state} and during {@link TrainingListener#epoch}.
 *
 * <p>Where training stands is a {@link TrainingState}. A trainer {@linkplain #restore restored} to it on equal parameters and
 * data goes on to the same bits as one that was never interrupted. Confined to one thread at a time, but for {@link #stop()}.
 */
public final class Trainer implements AutoCloseable {
    private final LanguageNetwork network;
    private final TrainingData data;
    private final TrainerConfig config;
    private final Minibatches minibatches;
    private final TrainingStep step;
    private final Evaluator evaluator;
    private final MinibatchRing ring;
    private final List<EpochReport> history = new ArrayList<>();
    private volatile boolean stopping;
    private long stepsDone;
    private int epoch;
    private long minibatch;
    private double seconds;
    private double penaltySum;
    private Perplexity perplexity = new Perplexity();

    /** Takes the tensors of training and validation. Network and data stay the caller's. */
    public Trainer(LanguageNetwork network, TrainingData data, TrainerConfig config) {
        this.network = network;
        this.data = data;
        this.config = config;
        this.minibatches = data.training();
        if (config.optimizer() instanceof NtAsgd && data.validation() == null) {
            throw new IllegalArgumentException(
                    "optimizer nt-asgd needs validation data, which say when it starts to average");
        }
        Minibatches.Epoch first = minibatches.epoch(0);
        boolean carried = first.size() > 1 && first.continuesState(1);
        this.step = new TrainingStep(network, minibatches.lengths(), minibatches.batch(), carried, config);
        Evaluator validator = null;
        try {
            validator = data.validation() == null ? null : new Evaluator(network, data.validation());
            this.evaluator = validator;
            this.ring = new MinibatchRing(
                    network.device(), minibatches.steps() * minibatches.batch(), MinibatchInts.STEP_WORDS);
        } catch (RuntimeException | Error failed) {
            step.close();
            if (validator != null) {
                validator.close();
            }
            throw failed;
        }
    }

    /**
     * Trains until all epochs are done or {@link #stop()} is called.
     *
     * @return whether all epochs are done
     */
    public boolean run(TrainingListener listener) {
        return run(listener, Long.MAX_VALUE);
    }

    /**
     * Trains for at most {@code maxSteps} optimizer steps.
     *
     * @return whether all epochs are done
     */
    public boolean run(TrainingListener listener, long maxSteps) {
        long left = maxSteps;
        network.device().enter();
        try {
            while (epoch < config.epochs() && left > 0 && !stopping) {
                left -= runEpoch(listener, left);
            }
            stopping = false;
            showAverage();
        } finally {
            network.device().leave();
        }
        return epoch >= config.epochs();
    }

    /** Lets {@link #run} return after the current step, or at once if it is called later. May be called from any thread. */
    public void stop() {
        stopping = true;
    }

    /** Reports of the epochs done, restored ones included. */
    public List<EpochReport> history() {
        return Collections.unmodifiableList(history);
    }

    /** Optimizer steps done, restored ones included. */
    public long steps() {
        return stepsDone;
    }

    /** How the recurrence is computed, for reports. */
    public String plan() {
        return step.plan();
    }

    /** What a step holds on the device; validation holds activations, workspace and logits of its own besides. */
    public TrainingMemory memory() {
        return step.memory();
    }

    private long runEpoch(TrainingListener listener, long maxSteps) {
        Minibatches.Epoch batches = minibatches.epoch(epoch);
        Stretch stretch = new Stretch();
        long done = 0;
        long end = minibatch + Math.min(maxSteps, batches.size() - minibatch);
        try (MinibatchRing.Run assembled = ring.start(batches, minibatch, end)) {
            while (minibatch < end && !stopping) {
                MinibatchRing.Slot next = assembled.next();
                int length = batches.steps(minibatch);
                step.run(next, length, batches.continuesState(minibatch), learningRate(length), stepsDone);
                stretch.tokens += next.targetCount();
                stepsDone++;
                minibatch++;
                done++;
                if (minibatch % config.reportEvery() == 0 || minibatch == batches.size()) {
                    stretch.read();
                    listener.progress(progress(batches.size()));
                }
            }
        }
        stretch.read();
        if (minibatch == batches.size()) {
            finishEpoch(listener);
        }
        return done;
    }

    /** The rate of the next step, for a minibatch of a length. */
    private double learningRate(int length) {
        double share = length / (double) minibatches.usualSteps();
        return config.learningRate() * config.schedule().factor(stepsDone, epoch) * share;
    }

    private TrainingListener.Progress progress(long minibatchCount) {
        return new TrainingListener.Progress(
                epoch + 1, minibatch, minibatchCount, perplexity.value(), perplexity.tokens() / seconds);
    }

    private void showAverage() {
        if (step.average() != null) {
            step.average().show();
        }
    }

    /** Steps whose parameters the network's are the mean of; 0 if nothing is averaged, or not yet. */
    public long averagedSteps() {
        return step.average() == null ? 0 : step.average().terms();
    }

    private void startAveraging() {
        if (config.optimizer() instanceof NtAsgd asgd && averagedSteps() == 0) {
            if (asgd.triggers(
                    history.stream().map(EpochReport::validationPerplexity).toList())) {
                step.average().start();
            }
        }
    }

    private void finishEpoch(TrainingListener listener) {
        showAverage();
        double lastRate = config.learningRate() * config.schedule().factor(stepsDone - 1, epoch);
        double validation = evaluator == null ? Double.NaN : evaluator.run().value();
        EpochReport report = new EpochReport(
                epoch + 1,
                perplexity.value(),
                validation,
                perplexity.tokens(),
                seconds,
                lastRate,
                penaltySum / perplexity.tokens());
        epoch++;
        minibatch = 0;
        seconds = 0;
        penaltySum = 0;
        perplexity = new Perplexity();
        history.add(report);
        startAveraging();
        listener.epoch(report);
    }

    /** Steps since the sum of losses was last read. */
    private final class Stretch {
        private long tokens;
        private long start = System.nanoTime();

        void read() {
            perplexity.add(step.takeLoss(), tokens);
            if (config.penalty().any()) {
                penaltySum += step.takePenalty();
            }
            long now = System.nanoTime();
            seconds += (now - start) / 1e9;
            start = now;
            tokens = 0;
        }
    }

    /** Where training stands. Waits for queued work. */
    public TrainingState state() {
        Parameters parameters = network.parameters();
        showAverage();
        return new TrainingState(
                stepsDone,
                epoch,
                minibatch,
                perplexity.lossSum(),
                penaltySum,
                perplexity.tokens(),
                seconds,
                step.lossScale().scale(),
                step.lossScale().finiteSteps(),
                data.fingerprint(),
                config.optimizer().id(),
                config.optimizer().usesMoment1() ? parameters.moment(0).toFloats() : null,
                config.optimizer().usesMoment2() ? parameters.moment(1).toFloats() : null,
                averagedSteps() > 0 ? step.average().iterate() : null,
                averagedSteps(),
                joined(states(RnnState::h)),
                joined(states(RnnState::c)),
                history);
    }

    /**
     * Goes on where another trainer stood; the parameters are restored by the caller.
     *
     * @throws IllegalArgumentException if the state was made on other data, by another optimizer or of another network;
     *     nothing has been changed then
     */
    public void restore(TrainingState saved) {
        requireEqual("training data", data.fingerprint(), saved.fingerprint());
        requireEqual("optimizer", config.optimizer().id(), saved.optimizer());
        requirePlace(saved);
        Parameters parameters = network.parameters();
        Tensor m1 = config.optimizer().usesMoment1() ? parameters.moment(0) : null;
        Tensor m2 = config.optimizer().usesMoment2() ? parameters.moment(1) : null;
        requireFit("first moment", m1, saved.moment1());
        requireFit("second moment", m2, saved.moment2());
        requireFit("iterate", saved.averagedSteps() > 0 ? parameters.masters() : null, saved.iterate());
        requireFit("carried state", states(RnnState::h), saved.h());
        requireFit("carried cell state", states(RnnState::c), saved.c());
        copy(m1, saved.moment1());
        copy(m2, saved.moment2());
        if (step.average() != null) {
            step.average().restore(saved.iterate(), saved.averagedSteps());
        }
        split(saved.h(), states(RnnState::h));
        split(saved.c(), states(RnnState::c));
        step.lossScale().restore(saved.lossScale(), saved.lossScaleSteps());
        stepsDone = saved.step();
        epoch = saved.epoch();
        minibatch = saved.minibatch();
        seconds = saved.seconds();
        penaltySum = saved.penaltySum();
        perplexity = new Perplexity(saved.lossSum(), saved.lossTokens());
        history.clear();
        history.addAll(saved.history());
    }

    /** One part of the carried state of each stack; empty if there is none. */
    private List<Tensor> states(Function<RnnState, Tensor> part) {
        return step.states().stream().map(part).filter(tensor -> tensor != null).toList();
    }

    private static float[] joined(List<Tensor> parts) {
        if (parts.isEmpty()) {
            return null;
        }
        float[] all = new float
                [Math.toIntExact(parts.stream().mapToLong(Tensor::elements).sum())];
        int at = 0;
        for (Tensor part : parts) {
            float[] values = part.toFloats();
            System.arraycopy(values, 0, all, at, values.length);
            at += values.length;
        }
        return all;
    }

    private static void split(float[] all, List<Tensor> parts) {
        int at = 0;
        for (Tensor part : parts) {
            int count = Math.toIntExact(part.elements());
            part.copyFrom(Arrays.copyOfRange(all, at, at + count));
            at += count;
        }
    }

    /** Between epochs and inside them, never behind the last minibatch: such a place has no next step. */
    private void requirePlace(TrainingState saved) {
        long size = minibatches.epoch(saved.epoch()).size();
        if (saved.minibatch() < 0 || saved.minibatch() >= size) {
            throw new IllegalArgumentException("the saved training state does not fit: minibatch of epoch "
                    + saved.epoch() + " must be in [0, " + (size - 1) + "], found " + saved.minibatch());
        }
    }

    private static void requireEqual(String what, String expected, String found) {
        if (!expected.equals(found)) {
            throw new IllegalArgumentException(
                    "the saved training state is of another " + what + ": expected " + expected + ", found " + found);
        }
    }

    private static void requireFit(String what, Tensor tensor, float[] values) {
        requireFit(what, tensor == null ? List.of() : List.of(tensor), values);
    }

    private static void requireFit(String what, List<Tensor> tensors, float[] values) {
        long expected = tensors.stream().mapToLong(Tensor::elements).sum();
        long found = values == null ? 0 : values.length;
        if (expected != found) {
            throw new IllegalArgumentException("the saved training state does not fit: " + what + " expected "
                    + expected + " values, found " + found);
        }
    }

    private static void copy(Tensor tensor, float[] values) {
        if (tensor != null) {
            tensor.copyFrom(values);
        }
    }

    /** Frees all tensors but the network's. Closing twice is harmless. */
    @Override
    public void close() {
        ring.close();
        step.close();
        if (evaluator != null) {
            evaluator.close();
        }
    }
}
