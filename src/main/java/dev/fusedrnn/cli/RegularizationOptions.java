package dev.fusedrnn.cli;

import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.train.ActivityPenalty;
import picocli.CommandLine.Option;

/** The options of {@link ModelOptions} that keep a network from learning its text by heart. */
final class RegularizationOptions {
    @Option(
            names = "--dropout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "Dropout between layers (default: ${DEFAULT-VALUE}).")
    double dropout;

    @Option(
            names = "--input-dropout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "Dropout before the first layer (default: ${DEFAULT-VALUE}).")
    double inputDropout;

    @Option(
            names = "--output-dropout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "Dropout behind the last layer (default: ${DEFAULT-VALUE}).")
    double outputDropout;

    @Option(
            names = "--embedding-dropout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "Dropout of a token's whole embedding, wherever it stands in a minibatch (default:"
                    + " ${DEFAULT-VALUE}).")
    double embeddingDropout;

    @Option(
            names = "--weight-dropout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "Dropout of the recurrent weights, the same for all time steps of a minibatch (default:"
                    + " ${DEFAULT-VALUE}).")
    double weightDropout;

    @Option(
            names = "--variational-dropout",
            description = "Dropout of inputs, between layers and of outputs draws one mask per sequence instead of one"
                    + " per time step.")
    boolean variationalDropout;

    @Option(
            names = "--zoneout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description =
                    "Probability that a unit of h keeps its value of the step before (default: ${DEFAULT-VALUE}).")
    double zoneout;

    @Option(
            names = "--cell-zoneout",
            paramLabel = "P",
            converter = Converters.Fraction.class,
            defaultValue = "0",
            description = "The same for a unit of an LSTM's c (default: ${DEFAULT-VALUE}).")
    double cellZoneout;

    @Option(
            names = "--activity",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            defaultValue = "0",
            description = "Penalty on the mean square of the last layer's dropped output (AR, default:"
                    + " ${DEFAULT-VALUE}).")
    double activity;

    @Option(
            names = "--activity-change",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            defaultValue = "0",
            description = "Penalty on the mean square of the last layer's change from step to step (TAR, default:"
                    + " ${DEFAULT-VALUE}).")
    double activityChange;

    /** Whether anything is dropped that a mask could be kept for over time. */
    boolean dropsFeatures() {
        return dropout > 0 || inputDropout > 0 || outputDropout > 0;
    }

    Dropouts dropouts() {
        return new Dropouts(embeddingDropout, inputDropout, weightDropout, outputDropout, variationalDropout);
    }

    ActivityPenalty penalty() {
        return new ActivityPenalty(activity, activityChange);
    }
}
