package dev.fusedrnn.cli;

import dev.fusedrnn.optim.DecayScope;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.train.Reduction;
import dev.fusedrnn.train.TrainerConfig;
import picocli.CommandLine.Option;

/** The options of {@link ModelOptions} that say how parameters change. */
final class OptimizerOptions {
    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            converter = Converters.OptimizerName.class,
            defaultValue = "adam",
            description =
                    "sgd, nt-asgd (sgd that averages once validation stops improving), rmsprop, adam, adamw (default:"
                            + " ${DEFAULT-VALUE}).")
    OptimizerConfig optimizer;

    @Option(
            names = "--lr",
            paramLabel = "X",
            converter = Converters.Positive.class,
            description = "Learning rate (default: sgd and nt-asgd 1, rmsprop 0.002, adam and adamw 0.004).")
    Double learningRate;

    @Option(
            names = "--patience",
            paramLabel = "N",
            converter = Converters.CountOrNone.class,
            description = "With --optimizer nt-asgd: validations without an improvement before averaging starts"
                    + " (default: 5).")
    Integer patience;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            description = "Pull of the parameters towards 0 (default: adamw 0.01, else 0).")
    Double weightDecay;

    @Option(
            names = "--decay",
            paramLabel = "SCOPE",
            converter = Converters.DecayScopeName.class,
            defaultValue = "all",
            description = "What --weight-decay is for: all, matrices (no biases) (default: ${DEFAULT-VALUE}).")
    DecayScope decayScope;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            converter = Converters.ScheduleName.class,
            defaultValue = "constant",
            description = "Learning rate over time: constant, decay:EPOCHS:FACTOR, warmup:STEPS,"
                    + " cosine:WARMUP:STEPS:FLOOR, one-cycle:STEPS:SHARE (default: ${DEFAULT-VALUE}).")
    Schedule schedule;

    @Option(
            names = "--clip",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            defaultValue = "1",
            description = "Limit of the gradient's norm; 0 for none (default: ${DEFAULT-VALUE}).")
    double clip;

    @Option(
            names = "--loss",
            paramLabel = "NAME",
            converter = Converters.ReductionName.class,
            defaultValue = "mean",
            description = "Loss of a minibatch: mean, or sum-over-time and mean over sequences (default:"
                    + " ${DEFAULT-VALUE}).")
    Reduction loss;

    /** Settles the default that depends on the optimizer. */
    void settle() {
        if (patience != null && !(optimizer instanceof NtAsgd)) {
            throw new UserError("--patience is for --optimizer nt-asgd, found --optimizer " + optimizer.id());
        }
        learningRate = rate();
    }

    /** How a network is trained, but for its regularisation. */
    TrainerConfig trainer(int epochs) {
        return TrainerConfig.sgd(rate(), clip, epochs)
                .withOptimizer(optimizer())
                .withDecayScope(decayScope)
                .withSchedule(schedule)
                .withReduction(loss);
    }

    private OptimizerConfig optimizer() {
        OptimizerConfig patient =
                patience != null && optimizer instanceof NtAsgd asgd ? asgd.withPatience(patience) : optimizer;
        return weightDecay == null ? patient : patient.withWeightDecay(weightDecay);
    }

    private double rate() {
        if (learningRate != null) {
            return learningRate;
        }
        return switch (optimizer.id()) {
            case "sgd", "nt-asgd" -> 1;
            case "rmsprop" -> 0.002;
            default -> 0.004;
        };
    }
}
