package dev.fusedrnn.cli;

import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.TrainingListener;
import java.util.Locale;

/** Progress as plain lines: of epochs, at most about {@value #MOST_LINES} of them, and within epochs that take long. */
final class ProgressLines implements TrainingListener {
    private static final int MOST_LINES = 50;
    private static final long SILENCE_NANOS = 30_000_000_000L;

    private final Console console;
    private final int epochs;
    private final int every;
    private long lastLine = System.nanoTime();

    ProgressLines(Console console, int epochs) {
        this.console = console;
        this.epochs = epochs;
        this.every = Math.max(1, epochs / MOST_LINES);
    }

    @Override
    public void progress(Progress progress) {
        if (System.nanoTime() - lastLine > SILENCE_NANOS) {
            line(String.format(
                    Locale.ROOT,
                    "epoch %d/%d, minibatch %d/%d: perplexity %.2f, %,.0f tokens/s",
                    progress.epoch(),
                    epochs,
                    progress.minibatch(),
                    progress.minibatches(),
                    progress.perplexity(),
                    progress.tokensPerSecond()));
        }
    }

    @Override
    public void epoch(EpochReport report) {
        // The last one is part of the result.
        if (report.epoch() < epochs && (report.epoch() == 1 || report.epoch() % every == 0)) {
            line(describe(report, epochs));
        }
    }

    /** An epoch in one line. */
    static String describe(EpochReport report, int epochs) {
        String validation = Double.isNaN(report.validationPerplexity())
                ? ""
                : String.format(Locale.ROOT, ", validation %.2f", report.validationPerplexity());
        return String.format(
                Locale.ROOT,
                "epoch %d/%d: perplexity %.2f%s, %,.0f tokens/s",
                report.epoch(),
                epochs,
                report.trainPerplexity(),
                validation,
                report.tokensPerSecond());
    }

    private void line(String text) {
        console.note(text);
        lastLine = System.nanoTime();
    }
}
