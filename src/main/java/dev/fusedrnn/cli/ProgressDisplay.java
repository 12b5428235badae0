package dev.fusedrnn.cli;

import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.TrainingListener;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress as a bar over all epochs, for a person at a terminal. */
final class ProgressDisplay implements TrainingListener, AutoCloseable {
    private static final int UPDATE_MILLIS = 200;

    private final ProgressBar bar;
    private final int epochs;
    private String validation = "";

    ProgressDisplay(Console console, int epochs) {
        this.epochs = epochs;
        this.bar = new ProgressBarBuilder()
                .setTaskName("training")
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(console.err()))
                .build();
    }

    @Override
    public void progress(Progress progress) {
        bar.maxHint(epochs * progress.minibatches());
        bar.stepTo((progress.epoch() - 1) * progress.minibatches() + progress.minibatch());
        bar.setExtraMessage(String.format(
                Locale.ROOT,
                "ppl %.2f%s, %s tokens/s",
                progress.perplexity(),
                validation,
                shortNumber(progress.tokensPerSecond())));
    }

    /** A terminal of 80 columns has room for 32 characters behind the bar. */
    private static String shortNumber(double value) {
        return value < 10_000
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.0fk", value / 1000);
    }

    @Override
    public void epoch(EpochReport report) {
        if (!Double.isNaN(report.validationPerplexity())) {
            validation = String.format(Locale.ROOT, ", val %.2f", report.validationPerplexity());
        }
    }

    @Override
    public void close() {
        bar.close();
    }
}
