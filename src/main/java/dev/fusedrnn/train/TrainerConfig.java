package dev.fusedrnn.train;

import dev.fusedrnn.optim.DecayScope;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.optim.Sgd;
import java.io.Serializable;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a network is trained.
 *
 * @param optimizer the formula of a step
 * @param decayScope which parameters the optimizer's weight decay is for
 * @param learningRate base rate, above 0 and within F32
 * @param schedule factor of the rate over time
 * @param clip limit of the gradients' global norm; 0 for none
 * @param reduction what of the losses is differentiated
 * @param penalty what the last layer's outputs cost besides
 * @param epochs in all, 1 or more
 * @param dropoutSeed seed of the dropout masks
 * @param reportEvery minibatches between two progress reports, each of which waits for the device; 1 or more
 */
public record TrainerConfig(
        OptimizerConfig optimizer,
        DecayScope decayScope,
        double learningRate,
        Schedule schedule,
        double clip,
        Reduction reduction,
        ActivityPenalty penalty,
        int epochs,
        long dropoutSeed,
        int reportEvery)
        implements Serializable {

    public TrainerConfig {
        Objects.requireNonNull(optimizer, "optimizer");
        Objects.requireNonNull(decayScope, "decayScope");
        Objects.requireNonNull(schedule, "schedule");
        Objects.requireNonNull(reduction, "reduction");
        Objects.requireNonNull(penalty, "penalty");
        if (!((float) learningRate > 0 && (float) learningRate < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "learningRate must be a positive finite number of F32, found " + learningRate);
        }
        // What is 0 in F32 alone would be no limit where a tight one was asked for.
        if (!(clip == 0 || (float) clip > 0 && (float) clip < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clip must be 0 or a positive finite number of F32, found " + clip);
        }
        requirePositive("epochs", epochs);
        requirePositive("reportEvery", reportEvery);
    }

    /** Plain gradient descent with a fixed rate on the mean loss. */
    public static TrainerConfig sgd(double learningRate, double clip, int epochs) {
        return new TrainerConfig(
                Sgd.plain(),
                DecayScope.ALL,
                learningRate,
                Schedule.constant(),
                clip,
                Reduction.MEAN,
                ActivityPenalty.NONE,
                epochs,
                0,
                32);
    }

    /** The same with another optimizer. */
    public TrainerConfig withOptimizer(OptimizerConfig optimizer) {
        return with(draft -> draft.optimizer = optimizer);
    }

    /** The same with weight decay for other parameters. */
    public TrainerConfig withDecayScope(DecayScope decayScope) {
        return with(draft -> draft.decayScope = decayScope);
    }

    /** The same with another schedule. */
    public TrainerConfig withSchedule(Schedule schedule) {
        return with(draft -> draft.schedule = schedule);
    }

    /** The same with another reduction. */
    public TrainerConfig withReduction(Reduction reduction) {
        return with(draft -> draft.reduction = reduction);
    }

    /** The same with another penalty on the outputs. */
    public TrainerConfig withPenalty(ActivityPenalty penalty) {
        return with(draft -> draft.penalty = penalty);
    }

    /** The same with another number of epochs. */
    public TrainerConfig withEpochs(int epochs) {
        return with(draft -> draft.epochs = epochs);
    }

    /** The same with another seed of dropout. */
    public TrainerConfig withDropoutSeed(long dropoutSeed) {
        return with(draft -> draft.dropoutSeed = dropoutSeed);
    }

    /** The same with another distance of reports. */
    public TrainerConfig withReportEvery(int reportEvery) {
        return with(draft -> draft.reportEvery = reportEvery);
    }

    private TrainerConfig with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    private static void requirePositive(String field, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(field + " must be 1 or more, found " + value);
        }
    }

    /** All fields, free to change one of them. */
    private static final class Draft {
        private OptimizerConfig optimizer;
        private DecayScope decayScope;
        private final double learningRate;
        private Schedule schedule;
        private final double clip;
        private Reduction reduction;
        private ActivityPenalty penalty;
        private int epochs;
        private long dropoutSeed;
        private int reportEvery;

        Draft(TrainerConfig from) {
            optimizer = from.optimizer;
            decayScope = from.decayScope;
            learningRate = from.learningRate;
            schedule = from.schedule;
            clip = from.clip;
            reduction = from.reduction;
            penalty = from.penalty;
            epochs = from.epochs;
            dropoutSeed = from.dropoutSeed;
            reportEvery = from.reportEvery;
        }

        TrainerConfig finish() {
            return new TrainerConfig(
                    optimizer,
                    decayScope,
                    learningRate,
                    schedule,
                    clip,
                    reduction,
                    penalty,
                    epochs,
                    dropoutSeed,
                    reportEvery);
        }
    }
}
