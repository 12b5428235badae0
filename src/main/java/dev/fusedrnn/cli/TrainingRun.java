package dev.fusedrnn.cli;

import dev.fusedrnn.model.Decoding;
import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Minibatches;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.Trainer;
import dev.fusedrnn.train.TrainingData;
import dev.fusedrnn.train.TrainingListener;
import dev.fusedrnn.train.WholeText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/** One run of {@code train}: reads the text, trains, saves, reports, writes a sample. */
final class TrainingRun {
    private static final int EVALUATION_BATCH = 16;
    private static final int REPORT_EVERY = 16;

    private final TrainCommand options;
    private final Resume resumed;
    private final Map<String, String> settings;
    private final Console console;
    private final TrainingReport report;

    TrainingRun(TrainCommand options, Resume resumed, Map<String, String> settings, Console console) {
        this.options = options;
        this.resumed = resumed;
        this.settings = settings;
        this.console = console;
        this.report = new TrainingReport(options.report, settings);
    }

    /** Runs it all and returns the exit code. */
    int run() throws IOException {
        try (Device device = Device.parse(options.device)) {
            if (options.device.equals("auto") && !device.reason().isEmpty()) {
                console.note(device.reason());
            }
            TextSource text = options.text == null ? BundledText.source() : InputFiles.text("--text", options.text);
            TextCodec codec = resumed == null
                    ? options.model.codec(text)
                    : resumed.checkpoint().codec();
            try (TokenSequence tokens = options.model.encode(codec, text);
                    TokenSequence validation = encode(codec, "--validation-text", options.validationText);
                    TokenSequence test = encode(codec, "--test-text", options.testText)) {
                return train(device, codec, text.name(), tokens, validation, test);
            }
        }
    }

    private static TokenSequence encode(TextCodec codec, String option, Path file) throws IOException {
        if (file == null) {
            return null;
        }
        TokenSequence tokens = codec.encode(InputFiles.text(option, file));
        // Said now and not after hours of training: the first token alone predicts nothing that could be compared.
        if (tokens.size() < 2) {
            tokens.close();
            throw new UserError(option + " " + file + ": too short: expected at least 2 tokens, found 1");
        }
        return tokens;
    }

    private int train(
            Device device,
            TextCodec codec,
            String textName,
            TokenSequence tokens,
            TokenSequence validation,
            TokenSequence test)
            throws IOException {
        LanguageNetworkConfig network =
                options.model.network(codec.vocabulary().size()).withGateStorage(options.gates);
        network.stacks().forEach(stack -> Engines.choose(options.engine, stack, device));
        MemoryNeed.of(network, options.model.batch, options.model.steps).require(device);
        TrainingData data = data(textName, tokens, validation);
        if (options.model.optimization.optimizer instanceof NtAsgd && data.validation() == null) {
            throw new UserError(
                    "--optimizer nt-asgd needs --validation above 0 or --validation-text: it starts to average"
                            + " when validation stops improving");
        }
        try (LanguageModel model = model(network, codec, device);
                Trainer trainer = model.trainer(data, options.model.trainer(options.epochs, REPORT_EVERY));
                Interrupt interrupt = new Interrupt(trainer::stop)) {
            if (resumed != null) {
                restore(trainer, data);
            }
            describe(model, trainer, textName, tokens);
            Savings savings = new Savings(options.save, model, trainer, settings, report, console);
            boolean done = trainer.run(listener(trainer, savings));
            savings.closeDisplay();
            return finish(model, trainer, savings, interrupt, done, tokens, test);
        }
    }

    private TrainingData data(String name, TokenSequence tokens, TokenSequence validation) {
        try {
            TrainingData data = options.model.data(tokens, validation != null);
            if (validation == null) {
                return data;
            }
            Minibatches held = new WholeText(validation, options.model.batch, options.model.steps);
            return new TrainingData(data.training(), held);
        } catch (IllegalArgumentException tooShort) {
            throw new UserError(
                    name + ": too short: " + tooShort.getMessage()
                            + "; use a longer text, or a smaller --batch, --steps or --validation",
                    tooShort);
        }
    }

    private LanguageModel model(LanguageNetworkConfig network, TextCodec codec, Device device) {
        return resumed == null
                ? LanguageModel.create(network, codec, device, options.engine, options.model.init, options.model.seed)
                : LanguageModel.of(resumed.checkpoint().withGateStorage(options.gates), device, options.engine);
    }

    private void restore(Trainer trainer, TrainingData data) {
        if (!data.fingerprint().equals(resumed.checkpoint().training().fingerprint())) {
            throw new UserError("--resume " + options.resume + ": was trained on another text or another version of it;"
                    + " give the same one with --text");
        }
        try {
            trainer.restore(resumed.checkpoint().training());
        } catch (IllegalArgumentException other) {
            throw new UserError("--resume " + options.resume + ": " + other.getMessage(), other);
        }
    }

    private void describe(LanguageModel model, Trainer trainer, String textName, TokenSequence tokens) {
        String engine = TrainingReport.engine(model);
        report.describe(model, trainer, textName, tokens.size());
        console.note(String.format(
                Locale.ROOT,
                "%s: %,d tokens, %,d different; %s, %,d parameters, on %s by the %s engine (%s)",
                textName,
                tokens.size(),
                model.codec().vocabulary().size(),
                settings.get("--cell"),
                model.network().parameters().count(),
                model.network().device().name(),
                engine,
                trainer.plan()));
        console.note(trainer.memory().toString());
        if (trainer.steps() > 0) {
            console.note("going on after " + place(trainer)
                    + (options.save == null ? "; what is learned is not saved without --save" : ""));
        }
    }

    private TrainingListener listener(Trainer trainer, Savings savings) {
        TrainingListener display;
        if (console.terminal()) {
            ProgressDisplay bar = new ProgressDisplay(console, options.epochs);
            savings.display(bar);
            display = bar;
        } else {
            display = new ProgressLines(console, options.epochs);
        }
        return new TrainingListener() {
            @Override
            public void progress(Progress progress) {
                display.progress(progress);
            }

            @Override
            public void epoch(EpochReport epoch) {
                display.epoch(epoch);
                if (trainer.averagedSteps() == 1) {
                    console.note("validation has stopped improving: the parameters are averaged from here on");
                }
                savings.epoch(epoch);
            }
        };
    }

    private int finish(
            LanguageModel model,
            Trainer trainer,
            Savings savings,
            Interrupt interrupt,
            boolean done,
            TokenSequence tokens,
            TokenSequence test)
            throws IOException {
        if (savings.diverged()) {
            report.write(trainer, "diverged");
            throw new UserError("training diverged: the perplexity is no longer a finite number after " + place(trainer)
                    + savings.lastSaved() + "; try a smaller --lr or a tighter --clip");
        }
        boolean saved = savings.save();
        if (!done) {
            report.write(trainer, "interrupted");
            console.note("interrupted after " + place(trainer)
                    + (saved
                            ? "; go on with --resume " + options.save + " --save " + options.save
                            : "; nothing is saved without --save"));
            return ExitCode.INTERRUPTED;
        }
        if (test != null) {
            double perplexity = model.perplexity(test, EVALUATION_BATCH).value();
            report.test(perplexity);
            console.out().printf(Locale.ROOT, "test perplexity: %.3f%n", perplexity);
        }
        summary(trainer);
        sample(model, tokens);
        report.write(trainer, "complete");
        if (options.plot != null) {
            Curve.draw(options.plot, trainer.history());
        }
        return interrupt.isRaised() ? ExitCode.INTERRUPTED : ExitCode.OK;
    }

    private void summary(Trainer trainer) {
        EpochReport last = trainer.history().get(trainer.history().size() - 1);
        console.out().println(ProgressLines.describe(last, options.epochs));
        if (options.save != null) {
            console.out().println("saved: " + options.save);
        }
    }

    private static String place(Trainer trainer) {
        int epochs = trainer.history().size();
        return trainer.steps() + " steps, " + epochs + (epochs == 1 ? " epoch" : " epochs");
    }

    private void sample(LanguageModel model, TokenSequence tokens) {
        if (options.sample == 0) {
            return;
        }
        if (model.network().config().rnn().bidirectional()) {
            console.note("no sample: a bidirectional model cannot write text");
            return;
        }
        int[] start = prompt(model, tokens);
        Decoding decoding = new Decoding(options.temperature, 0, options.model.seed);
        int[] text = Arrays.copyOf(start, start.length + options.sample);
        System.arraycopy(model.generate(start, options.sample, decoding), 0, text, start.length, options.sample);
        String written = model.codec().decode(text);
        report.sample(written);
        console.out().println();
        console.out().println(written);
    }

    private int[] prompt(LanguageModel model, TokenSequence tokens) {
        if (options.prompt != null) {
            return Prompt.encode(options.prompt, model.codec(), console);
        }
        if (options.text == null) {
            return model.codec().encode(BundledText.PROMPT);
        }
        int[] start = new int[(int) Math.min(tokens.size(), options.model.tokens == TokenKind.CHAR ? 12 : 3)];
        tokens.copy(0, start, 0, start.length);
        return start;
    }
}
