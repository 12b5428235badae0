package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Trains a network on examples: minibatch after minibatch of examples of like length, epoch after epoch. A {@link
 * SupervisedTask} gives losses and gradients; all else is done here. What is learnt is a function of the examples, the
 * configurations, their seeds, the engine and the device.
 *
 * <p>Confined to one thread at a time, but for {@link #stop()}.
 *
 * @param <E> an example
 */
public final class SupervisedTrainer<E> implements AutoCloseable {
    /** Minibatches of validation between two readings of the sum of losses, few enough for sums in F32. */
    private static final int READ_EVERY = 64;

    private final SupervisedTask<E> task;
    private final List<E> training;
    private final List<E> validation;
    private final Batching batching;
    private final TrainerConfig config;
    private final Device device;
    private final List<Tensor> owned = new ArrayList<>();
    private final Tensor scalars;
    private final Tensor lossSum;
    private final ParameterStep update;
    private final List<SupervisedReport> history = new ArrayList<>();
    private volatile boolean stopping;
    private long stepsDone;
    private int epoch;
    private int minibatch;
    private double seconds;
    private double loss;
    private long targets;
    private long examples;

    /**
     * Takes the tensors of training. Network and examples stay the caller's, the examples as they are.
     *
     * @param training examples, 1 or more
     * @param validation examples on which the loss is measured after each epoch; may be empty
     * @param config optimizer, rate, schedule, clipping, reduction, epochs; without penalty and averaging
     * @throws IllegalArgumentException for what the task refuses in an example, naming its place
     */
    public SupervisedTrainer(
            SupervisedTask<E> task, List<E> training, List<E> validation, Batching batching, TrainerConfig config) {
        if (config.optimizer() instanceof NtAsgd || config.penalty().any()) {
            throw new IllegalArgumentException(
                    "optimizer nt-asgd and penalties on activity are for language models, found "
                            + config.optimizer().id() + " and " + config.penalty());
        }
        if (training.isEmpty()) {
            throw new IllegalArgumentException("training: expected at least one example, found none");
        }
        check(task, "training", training);
        check(task, "validation", validation);
        this.task = task;
        this.training = training;
        this.validation = validation;
        this.batching = batching;
        this.config = config;
        Kernels kernels = task.kernels();
        this.device = kernels.device();
        try {
            scalars = own(device.zeros(DataType.F32, ParameterStep.SCALARS));
            lossSum = own(device.zeros(DataType.F32, 1));
            update = new ParameterStep(config, kernels, task.parameters(), scalars);
        } catch (RuntimeException | Error failed) {
            owned.forEach(Tensor::close);
            throw failed;
        }
    }

    private static <E> void check(SupervisedTask<E> task, String what, List<E> examples) {
        for (int i = 0; i < examples.size(); i++) {
            try {
                task.check(examples.get(i));
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(what + " example " + i + ": " + wrong.getMessage(), wrong);
            }
        }
    }

    /**
     * Trains until all epochs are done or {@link #stop()} is called.
     *
     * @return whether all epochs are done
     */
    public boolean run(SupervisedListener listener) {
        return run(listener, Long.MAX_VALUE);
    }

    /**
     * Trains for at most {@code maxSteps} optimizer steps; called again, it goes on.
     *
     * @return whether all epochs are done
     */
    public boolean run(SupervisedListener listener, long maxSteps) {
        device.enter();
        try {
            long end = maxSteps > Long.MAX_VALUE - stepsDone ? Long.MAX_VALUE : stepsDone + maxSteps;
            while (epoch < config.epochs() && stepsDone < end && !stopping) {
                runEpoch(listener, end);
            }
            stopping = false;
        } finally {
            device.leave();
        }
        return epoch >= config.epochs();
    }

    /** Lets {@link #run} return after the current step, or at once if it is called later. May be called from any thread. */
    public void stop() {
        stopping = true;
    }

    /** Reports of the epochs done. */
    public List<SupervisedReport> history() {
        return Collections.unmodifiableList(history);
    }

    /** Optimizer steps done. */
    public long steps() {
        return stepsDone;
    }

    /** The norm of all gradients in the last step before clipping. Waits for queued work. */
    public double gradientNorm() {
        return update.gradientNorm();
    }

    /** Mean loss of examples, without dropout and without changing the network. */
    public double loss(List<E> some) {
        check(task, "given", some);
        device.enter();
        try {
            return mean(some);
        } finally {
            device.leave();
        }
    }

    private void runEpoch(SupervisedListener listener, long end) {
        Batching.Epoch<E> batches = batching.epoch(training, task::length, epoch);
        forgetFailedStep();
        Stretch stretch = new Stretch();
        while (minibatch < batches.size() && stepsDone < end && !stopping) {
            stretch.targets += step(batches.get(minibatch));
            stepsDone++;
            minibatch++;
            if (minibatch % config.reportEvery() == 0 || minibatch == batches.size()) {
                stretch.read();
                listener.progress(new SupervisedListener.Progress(
                        epoch + 1, minibatch, batches.size(), loss / targets, examples / seconds));
            }
        }
        stretch.read();
        if (minibatch == batches.size()) {
            finishEpoch(listener);
        }
    }

    /** Queues one step; returns its number of targets. */
    private long step(ExampleBatch<E> batch) {
        long count = task.targets(batch);
        double rate = config.learningRate() * config.schedule().factor(stepsDone, epoch);
        double factor = config.reduction().factor(count, batch.size());
        scalars.copyFrom(update.next(factor, rate, stepsDone));
        task.differentiate(
                batch, update.gradientScale(), lossSum, new SupervisedTask.Draw(config.dropoutSeed(), (int) stepsDone));
        update.queue();
        update.done();
        examples += batch.size();
        return count;
    }

    private void finishEpoch(SupervisedListener listener) {
        double lastRate = config.learningRate() * config.schedule().factor(stepsDone - 1, epoch);
        double validated = validation.isEmpty() ? Double.NaN : mean(validation);
        SupervisedReport report =
                new SupervisedReport(epoch + 1, loss / targets, validated, targets, examples, seconds, lastRate);
        epoch++;
        minibatch = 0;
        seconds = 0;
        loss = 0;
        targets = 0;
        examples = 0;
        history.add(report);
        listener.epoch(report);
    }

    private double mean(List<E> some) {
        Batching.Epoch<E> batches = batching.epoch(some, task::length, 0);
        forgetFailedStep();
        double sum = 0;
        long count = 0;
        for (int i = 0; i < batches.size(); i++) {
            ExampleBatch<E> batch = batches.get(i);
            task.evaluate(batch, lossSum);
            count += task.targets(batch);
            if ((i + 1) % READ_EVERY == 0 || i + 1 == batches.size()) {
                sum += takeLoss();
            }
        }
        return sum / count;
    }

    /** A step or an evaluation that failed leaves losses whose targets are not counted. */
    private void forgetFailedStep() {
        lossSum.clear();
    }

    private double takeLoss() {
        double sum = lossSum.toFloats()[0];
        lossSum.clear();
        return sum;
    }

    /** Steps since the sum of losses was last read. */
    private final class Stretch {
        private long targets;
        private long start = System.nanoTime();

        void read() {
            loss += takeLoss();
            SupervisedTrainer.this.targets += targets;
            targets = 0;
            long now = System.nanoTime();
            seconds += (now - start) / 1e9;
            start = now;
        }
    }

    private Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    /** Frees all tensors but the network's. Closing twice is harmless. */
    @Override
    public void close() {
        update.close();
        owned.forEach(Tensor::close);
    }
}
