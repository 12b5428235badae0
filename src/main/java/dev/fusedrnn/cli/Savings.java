package dev.fusedrnn.cli;

import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.train.Checkpoint;
import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Saves a model between epochs and at the end. What cannot be saved between epochs is a note, and tried again: training goes
 * on.
 */
final class Savings {
    private static final long BETWEEN_NANOS = 20_000_000_000L;

    private final Path file;
    private final LanguageModel model;
    private final Trainer trainer;
    private final Map<String, String> settings;
    private final TrainingReport report;
    private final Console console;
    private ProgressDisplay display;
    private long lastTry = System.nanoTime();
    private int savedEpochs = -1;
    private boolean diverged;

    Savings(
            Path file,
            LanguageModel model,
            Trainer trainer,
            Map<String, String> settings,
            TrainingReport report,
            Console console) {
        this.file = file;
        this.model = model;
        this.trainer = trainer;
        this.settings = settings;
        this.report = report;
        this.console = console;
    }

    /** The bar to take away at the end of training. */
    void display(ProgressDisplay bar) {
        display = bar;
    }

    void closeDisplay() {
        if (display != null) {
            display.close();
        }
    }

    /** Looks at an epoch just done, and saves if the last time is long ago. */
    void epoch(EpochReport epoch) {
        if (!Double.isFinite(epoch.trainPerplexity())) {
            diverged = true;
            trainer.stop();
            return;
        }
        if (System.nanoTime() - lastTry < BETWEEN_NANOS) {
            return;
        }
        try {
            save();
            report.write(trainer, "running");
        } catch (IOException failed) {
            console.note("could not save between epochs, training goes on: " + Faults.explain(failed));
        }
        lastTry = System.nanoTime();
    }

    /** Whether training has left the finite numbers. */
    boolean diverged() {
        return diverged || !isFinite(trainer.history());
    }

    private static boolean isFinite(List<EpochReport> history) {
        return history.stream().allMatch(epoch -> Double.isFinite(epoch.trainPerplexity()));
    }

    /** What the user still has. */
    String lastSaved() {
        return savedEpochs < 0 ? "" : "; " + file + " holds the state after " + savedEpochs + " epochs";
    }

    /**
     * Saves now, if there is a file to save to.
     *
     * @return whether it was saved
     */
    boolean save() throws IOException {
        if (file == null) {
            return false;
        }
        Checkpoint checkpoint = Checkpoint.of(model.network(), model.codec(), settings, trainer.state());
        try {
            checkpoint.save(file);
        } catch (IOException failed) {
            throw new IOException(
                    "--save " + file + ": not saved, an older file is unchanged: " + Faults.explain(failed), failed);
        }
        savedEpochs = trainer.history().size();
        return true;
    }
}
