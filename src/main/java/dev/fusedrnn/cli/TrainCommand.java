package dev.fusedrnn.cli;

import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.model.Preset;
import dev.fusedrnn.nn.EngineChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a language model on a text, and writes in its style. */
@Command(
        name = "train",
        description = {
            "Trains a recurrent language model on a text.",
            "Without options: an LSTM on a short bundled story, on the best device, ready in about two minutes on two"
                    + " cores, with a sample of its writing at the end."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            converter = Converters.PresetName.class,
            description = "Options of a published word language model: zaremba-small, zaremba-medium, zaremba-large,"
                    + " awd-lstm, awd-lstm-wikitext2. Options given besides win.")
    Preset preset;

    @Option(names = "--text", paramLabel = "FILE", description = "UTF-8 text to train on (default: the bundled story).")
    Path text;

    @Option(
            names = "--validation-text",
            paramLabel = "FILE",
            description = "Validate on this text instead of the end of the other.")
    Path validationText;

    @Option(names = "--test-text", paramLabel = "FILE", description = "Perplexity of this text after training.")
    Path testText;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Passes over the text (default: " + DEFAULT_EPOCHS + ").")
    Integer epochs;

    static final int DEFAULT_EPOCHS = 30;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, cpu, cuda or cuda:I (default: ${DEFAULT-VALUE}).")
    String device;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            converter = Converters.Engine.class,
            defaultValue = "auto",
            description = "auto, reference, cpu, cudnn, fused (default: ${DEFAULT-VALUE}).")
    EngineChoice engine;

    @Option(
            names = "--gates",
            paramLabel = "CHOICE",
            converter = Converters.Gates.class,
            defaultValue = "stored",
            description =
                    "stored, or recomputed in the backward pass, which takes less memory and more time; of the fused"
                            + " engine alone (default: ${DEFAULT-VALUE}).")
    GateStorage gates;

    @Mixin
    private ThreadsOption threads;

    @Option(
            names = "--save",
            paramLabel = "FILE",
            description = "Save the model here: at the end, on Ctrl-C, and now and then between epochs.")
    Path save;

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = "Go on with a saved model as if training had never stopped, with its options.")
    Path resume;

    @Option(names = "--report", paramLabel = "FILE", description = "Write configuration and results here, as JSON.")
    Path report;

    @Option(names = "--plot", paramLabel = "FILE", description = "Draw the perplexities here, as PNG.")
    Path plot;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "Start of the sample written at the end (default: the start of the text).")
    String prompt;

    @Option(
            names = "--sample",
            paramLabel = "N",
            converter = Converters.Length.class,
            defaultValue = "400",
            description = "Tokens to write at the end; 0 for none (default: ${DEFAULT-VALUE}).")
    int sample;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            defaultValue = "0.5",
            description = "Temperature of the sample; 0 always takes the likeliest token (default: ${DEFAULT-VALUE}).")
    double temperature;

    TrainCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Resume resumed =
                resume == null ? null : Resume.of(this, spec.commandLine().getParseResult());
        settle();
        if (validationText != null && spec.commandLine().getParseResult().hasMatchedOption("--validation")) {
            throw new UserError(
                    "--validation keeps a part of the text for what --validation-text is for: give one of them");
        }
        if (epochs == null) {
            epochs = DEFAULT_EPOCHS;
        }
        new OutputFiles()
                .spare("--text", text)
                .spare("--validation-text", validationText)
                .spare("--test-text", testText)
                .check("--save", save)
                .spare("--resume", resume)
                .check("--report", report)
                .check("--plot", plot);
        if (plot != null) {
            Curve.requireSupport();
        }
        return new TrainingRun(this, resumed, Resume.settings(this, spec), console).run();
    }

    private void settle() {
        try {
            model.settle();
        } catch (UserError wrong) {
            if (preset == null) {
                throw wrong;
            }
            throw new UserError(
                    wrong.getMessage() + " (options that are not given come from --preset " + preset.id() + ")", wrong);
        }
    }
}
