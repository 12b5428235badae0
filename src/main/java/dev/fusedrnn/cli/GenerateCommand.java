package dev.fusedrnn.cli;

import dev.fusedrnn.model.Decoding;
import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes text with a saved model. */
@Command(
        name = "generate",
        description = "Writes text with a model that train has saved.",
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--model", paramLabel = "FILE", required = true, description = "The saved model.")
    private Path model;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Start of the text (default: empty).")
    private String prompt;

    @Option(
            names = "--length",
            paramLabel = "N",
            converter = Converters.Length.class,
            defaultValue = "400",
            description = "Tokens to write (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            converter = Converters.PositiveOrZero.class,
            defaultValue = "0.5",
            description = "Below 1 sharper than the model's distribution, above 1 flatter; 0 always takes the likeliest"
                    + " token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            converter = Converters.CountOrNone.class,
            defaultValue = "0",
            description = "Choose among the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Converters.Seed.class,
            defaultValue = "0",
            description = "Seed of the choices (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--force",
            description =
                    "Write with a bidirectional model too: computes the whole text again for each token, and shows"
                            + " how that fails.")
    private boolean force;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, cpu, cuda or cuda:I (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            converter = Converters.Engine.class,
            defaultValue = "auto",
            description = "auto, reference, cpu, cudnn, fused (default: ${DEFAULT-VALUE}).")
    private EngineChoice engine;

    GenerateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Checkpoint checkpoint = InputFiles.model("--model", model);
        try (Device place = Device.parse(device);
                LanguageModel loaded = LanguageModel.of(checkpoint, place, engine)) {
            if (loaded.network().config().rnn().bidirectional() && !force) {
                throw new UserError("--model " + model + ": is bidirectional and cannot write text: it predicts a token"
                        + " from those that follow it; --force does it nevertheless");
            }
            int[] start = Prompt.encode(prompt, loaded.codec(), console);
            Decoding decoding = new Decoding(temperature, topK, seed);
            IntFunction<String> text = loaded.codec().decoder();
            for (int token : start) {
                print(text.apply(token));
            }
            try {
                if (force) {
                    loaded.generateForced(start, length, decoding, token -> print(text.apply(token)));
                } else {
                    loaded.generate(start, length, decoding, token -> print(text.apply(token)));
                }
            } finally {
                console.out().println();
            }
        }
        return ExitCode.OK;
    }

    /** Shows what a token adds to the text at once; false if nobody reads it. */
    private boolean print(String added) {
        console.out().print(added);
        return !console.out().checkError();
    }
}
