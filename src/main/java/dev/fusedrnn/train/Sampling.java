package dev.fusedrnn.train;

import dev.fusedrnn.text.Minibatches;
import dev.fusedrnn.text.TokenSequence;
import java.util.Arrays;
import java.util.Locale;

/** How a text is cut into minibatches. */
public enum Sampling {
    /** Minibatches go on where the one before ended; the recurrent state is carried. */
    SEQUENTIAL,
    /** The same with lengths that vary at random. */
    VARYING,
    /** Separate windows in random order; the state starts from zero. */
    RANDOM,
    /** A window at every position in random order; the state starts from zero. */
    SLIDING;

    /** Lower-case name, as on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The inverse of {@link #id}.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public static Sampling parse(String id) {
        return Arrays.stream(values())
                .filter(sampling -> sampling.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("sampling must be one of "
                        + Arrays.stream(values()).map(Sampling::id).toList() + ", found " + id));
    }

    /**
     * Splits a text into training and validation data.
     *
     * <p>For {@link #SLIDING}, the fraction is of the windows: the first ones train, the last ones validate, as the book's
     * version 1.0 does it with 10,000 and 5,000 windows of 15,032 tokens. Else it is of the tokens at the end of the text, all
     * of which are then predicted in order.
     *
     * @param validation fraction kept for validation, in [0, 1); 0 for none
     * @param seed of the order of minibatches
     * @throws IllegalArgumentException if the text is too short
     */
    public TrainingData split(TokenSequence tokens, int batch, int steps, double validation, long seed) {
        if (!(validation >= 0 && validation < 1)) {
            throw new IllegalArgumentException("validation must be in [0, 1), found " + validation);
        }
        if (this == SLIDING) {
            return splitWindows(tokens, batch, steps, validation, seed);
        }
        long kept = tokens.size() - Math.round(tokens.size() * validation);
        if (validation > 0 && tokens.size() - kept < 2) {
            throw new IllegalArgumentException("validation must keep at least 2 tokens, " + validation + " of "
                    + tokens.size() + " tokens keeps " + (tokens.size() - kept));
        }
        TokenSequence training = tokens.slice(0, kept);
        Minibatches source =
                switch (this) {
                    case SEQUENTIAL -> Minibatches.sequential(training, batch, steps, seed);
                    case VARYING -> Minibatches.varying(training, batch, steps, seed);
                    default -> Minibatches.random(training, batch, steps, seed);
                };
        Minibatches held = validation > 0 ? new WholeText(tokens.slice(kept, tokens.size()), batch, steps) : null;
        return new TrainingData(source, held);
    }

    private static TrainingData splitWindows(TokenSequence tokens, int batch, int steps, double validation, long seed) {
        long windows = Math.max(0, tokens.size() - steps);
        long held = Math.round(windows * validation);
        Minibatches training = Minibatches.sliding(tokens, batch, steps, 0, windows - held, true, seed);
        return new TrainingData(
                training,
                held == 0 ? null : Minibatches.sliding(tokens, batch, steps, windows - held, held, false, seed));
    }
}
