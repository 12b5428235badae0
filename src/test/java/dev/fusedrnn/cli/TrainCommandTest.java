package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.model.BookExperiment;
import dev.fusedrnn.model.Preset;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Vocabulary;
import dev.fusedrnn.train.ActivityPenalty;
import dev.fusedrnn.train.Checkpoint;
import dev.fusedrnn.train.Reduction;
import dev.fusedrnn.train.Sampling;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class TrainCommandTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Texts.sea(folder);
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void learnsAText() {
        Tool trained = Tool.run(Texts.train(
                text,
                "--hidden",
                "24",
                "--epochs",
                "40",
                "--lr",
                "0.02",
                "--prompt",
                "the sea ",
                "--temperature",
                "0",
                "--sample",
                "20"));

        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(trained.out()).containsPattern("epoch 40/40: perplexity 1\\.\\d\\d, validation 1\\.\\d\\d");
        assertThat(trained.out()).contains("\nthe sea came in and");
    }

    @Test
    void savesAModelThatWritesTheSameText() {
        Tool trained = Tool.run(Texts.train(text, "--epochs", "1", "--save", file("m"), "--prompt", "sea"));

        Tool generated = Tool.run("generate", "--model", file("m"), "--prompt", "sea", "--length", "10");
        Tool other = Tool.run("generate", "--model", file("m"), "--prompt", "sea", "--length", "10", "--seed", "9");

        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(generated.code()).as(generated.err()).isZero();
        assertThat(characters(generated.out())).isEqualTo("sea".length() + 10 + 1);
        assertThat(generated.out()).startsWith("sea");
        assertThat(trained.out()).endsWith("\n" + generated.out());
        assertThat(other.out()).isNotEqualTo(generated.out());
    }

    @Test
    void reportsConfigurationAndResults() throws IOException {
        Tool trained = Tool.run(Texts.train(
                text,
                "--epochs",
                "3",
                "--test-text",
                text.toString(),
                "--report",
                file("r.json"),
                "--plot",
                file("p.png")));

        assertThat(trained.code()).as(trained.err()).isZero();
        Json report = Json.read(folder.resolve("r.json"));
        assertThat(report.field("state").asString()).isEqualTo("complete");
        assertThat(report.field("device").asString()).isEqualTo("cpu");
        assertThat(report.field("engine").asString()).isEqualTo("cpu");
        assertThat(report.field("plan").asString()).isNotEmpty();
        assertThat(report.field("options").field("hidden").asString()).isEqualTo("8");
        assertThat(report.field("options").field("lr").asString()).isEqualTo("0.004");
        assertThat(report.field("text").field("tokens").asLong()).isEqualTo(Texts.SEA.length());
        assertThat(report.field("testPerplexity").asDouble()).isGreaterThan(1);
        assertThat(report.field("seconds").asDouble()).isPositive();
        assertThat(report.field("epochs").items()).hasSize(3).allSatisfy(epoch -> {
            assertThat(epoch.field("trainPerplexity").asDouble()).isGreaterThan(1);
            assertThat(epoch.field("validationPerplexity").asDouble()).isGreaterThan(1);
            assertThat(epoch.field("tokensPerSecond").asDouble()).isPositive();
            assertThat(epoch.field("tokens").asLong()).isPositive();
        });
        assertThat(ImageIO.read(folder.resolve("p.png").toFile()).getWidth()).isEqualTo(800);
    }

    /** A wish about memory, which the cpu engine need not follow and no file keeps. */
    @Test
    void howGatesAreStoredChangesNothingOnTheCpu() throws IOException {
        Tool stored = Tool.run(Texts.train(text, "--epochs", "2", "--save", file("stored")));
        Tool half = Tool.run(Texts.train(text, "--epochs", "1", "--gates", "recomputed", "--save", file("half")));
        Tool whole = Tool.run(
                "train",
                "--device",
                "cpu",
                "--resume",
                file("half"),
                "--epochs",
                "2",
                "--gates",
                "recomputed",
                "--save",
                file("half"));

        assertThat(stored.code() + half.code() + whole.code()).as(whole.err()).isZero();
        Checkpoint other = Checkpoint.read(folder.resolve("half"));
        Checkpoint.read(folder.resolve("stored"))
                .parameters()
                .forEach((name, values) ->
                        assertThat(other.parameters().get(name)).as(name).isEqualTo(values));
    }

    @ParameterizedTest
    @CsvSource({"lstm,sequential,adam", "gru,random,sgd", "rnn,sliding,rmsprop", "gru,varying,nt-asgd"})
    void resumingGivesTheSameBitsAsNeverHavingStopped(String cell, String sampling, String optimizer)
            throws IOException {
        String[] kind = ("--cell " + cell + " --sampling " + sampling + " --optimizer " + optimizer
                        + " --output-dropout 0.2 --weight-dropout 0.3 --embedding-dropout 0.1 --variational-dropout --zoneout 0.1"
                        + " --activity 2 --activity-change 1 --weight-decay 1e-4 --decay matrices --layers 2 --last-hidden 5")
                .split(" ");
        Tool.run(Texts.train(text, join(kind, "--epochs", "4", "--save", file("whole"))));
        Tool.run(Texts.train(text, join(kind, "--epochs", "2", "--save", file("half"))));

        Tool resumed =
                Tool.run("train", "--device", "cpu", "--resume", file("half"), "--epochs", "4", "--save", file("half"));

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).contains("going on after");
        Checkpoint whole = Checkpoint.read(folder.resolve("whole"));
        Checkpoint half = Checkpoint.read(folder.resolve("half"));
        assertThat(half.parameters().keySet()).isEqualTo(whole.parameters().keySet());
        whole.parameters()
                .forEach((name, values) ->
                        assertThat(half.parameters().get(name)).as(name).isEqualTo(values));
        assertThat(half.training().step()).isEqualTo(whole.training().step());
        assertThat(half.training().history()).hasSize(4).allSatisfy(epoch -> assertThat(epoch.penalty())
                .isPositive());
        assertThat(half.config().dropouts()).isEqualTo(new Dropouts(0.1, 0, 0.3, 0.2, true));
    }

    @Test
    void saysWhenAveragingStarts() throws IOException {
        Tool trained = Tool.run(Texts.train(
                text,
                "--optimizer",
                "nt-asgd",
                "--patience",
                "0",
                "--lr",
                "20",
                "--epochs",
                "12",
                "--report",
                file("r.json")));

        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(trained.err()).containsOnlyOnce("validation has stopped improving: the parameters are averaged");
        assertThat(Json.read(folder.resolve("r.json")).field("averagedSteps").asLong())
                .isPositive();
    }

    /** Its options lack those that have come since; they stay as they were by default. */
    @Test
    void aModelOfAnEarlierBuildGoesOn() throws IOException {
        Path earlier = folder.resolve("earlier");
        try (InputStream in = Checkpoint.class.getResourceAsStream("earlier-build.safetensors")) {
            Files.copy(in, earlier);
        }

        Tool resumed = Tool.run(
                "train",
                "--device",
                "cpu",
                "--resume",
                earlier.toString(),
                "--text",
                text.toString(),
                "--epochs",
                "4",
                "--sample",
                "0",
                "--save",
                file("m"));

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).contains("going on after 64 steps, 2 epochs");
        assertThat(Checkpoint.read(folder.resolve("m")).training().history())
                .hasSize(4)
                .satisfies(history -> assertThat(history.get(3).trainPerplexity())
                        .isLessThan(history.get(1).trainPerplexity()));
    }

    private static int characters(String written) {
        return written.replace(Vocabulary.UNKNOWN, "?").length();
    }

    private static String[] join(String[] first, String... more) {
        String[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    @Test
    void aResumedRunKeepsItsOptionsAndItsText() throws IOException {
        Tool.run(Texts.train(text, "--epochs", "2", "--save", file("m")));
        Path other = Files.writeString(folder.resolve("other.txt"), Texts.SEA.replace("sea", "see"));

        Tool wider = Tool.run("train", "--resume", file("m"), "--epochs", "3", "--hidden", "9");
        Tool otherText = Tool.run("train", "--resume", file("m"), "--epochs", "3", "--text", other.toString());
        Tool done = Tool.run("train", "--resume", file("m"));

        assertThat(wider.code()).isEqualTo(2);
        assertThat(wider.err()).contains("--hidden is 9, but " + file("m") + " was trained with 8");
        assertThat(otherText.code()).isEqualTo(2);
        assertThat(otherText.err()).contains("was trained on another text");
        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).contains("all 2 epochs are done; ask for more with --epochs");
    }

    @Test
    void aResumedRunSaysThatItIsNotSavedWithoutSave() {
        Tool.run(Texts.train(text, "--epochs", "1", "--save", file("m")));

        Tool unsaved = Tool.run("train", "--resume", file("m"), "--epochs", "2", "--sample", "0");
        Tool saved = Tool.run("train", "--resume", file("m"), "--epochs", "2", "--sample", "0", "--save", file("m"));

        assertThat(unsaved.code()).as(unsaved.err()).isZero();
        assertThat(unsaved.err()).contains(", 1 epoch; what is learned is not saved without --save\n");
        assertThat(saved.err()).contains(", 1 epoch\n");
    }

    @Test
    void aBidirectionalModelWritesOnlyWhenForced() {
        Tool trained = Tool.run(Texts.train(text, "--epochs", "1", "--bidirectional", "--save", file("m")));
        Tool refused = Tool.run("generate", "--model", file("m"), "--length", "5");
        Tool forced = Tool.run("generate", "--model", file("m"), "--length", "5", "--force");

        assertThat(trained.err()).contains("no sample: a bidirectional model cannot write text");
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .contains("is bidirectional and cannot write text")
                .contains("--force");
        assertThat(forced.code()).isZero();
        assertThat(characters(forced.out())).isEqualTo(5 + 1);
    }

    @Test
    void namesWhatTheModelHasNeverSeen() {
        Tool.run(Texts.train(text, "--epochs", "1", "--save", file("m")));

        Tool generated = Tool.run("generate", "--model", file("m"), "--prompt", "Zoë", "--length", "5");

        assertThat(generated.code()).isZero();
        assertThat(generated.err()).contains("never seen 'Z', 'ë' of the prompt");
        assertThat(Tool.run(Texts.train(text, "--epochs", "1", "--prompt", "Zoë"))
                        .err())
                .contains("never seen 'Z', 'ë' of the prompt");
    }

    @ParameterizedTest
    @CsvSource({"word,--line-end,<eos>", "bpe,--vocabulary,20", "word,--vocabulary,5"})
    void cutsTextsIntoOtherTokens(String tokens, String option, String value) {
        Tool trained = Tool.run(Texts.train(
                text, "--tokens", tokens, option, value, "--steps", "5", "--epochs", "1", "--save", file("m")));

        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(Tool.run("generate", "--model", file("m"), "--length", "5").code())
                .isZero();
    }

    /** Zaremba et al. 2014: non-recurrent dropout, summed loss, rates, initialization and lengths of their table. */
    @ParameterizedTest
    @CsvSource({
        "zaremba-small, 200, 0, 0.1, 20, 4, 2, 5, 13",
        "zaremba-medium, 650, 0.5, 0.05, 35, 6, 1.2, 5, 39",
        "zaremba-large, 1500, 0.65, 0.04, 35, 14, 1.15, 10, 55"
    })
    void presetsOfZaremba(
            String name,
            int hidden,
            double dropout,
            double bound,
            int steps,
            int full,
            double divisor,
            double clip,
            int epochs) {
        TrainCommand command = parsed("train", "--preset", name);

        RnnConfig rnn =
                RnnConfig.of(CellType.LSTM, hidden, hidden).withLayers(2).withDropout(dropout);
        assertThat(command.model.network(10_000))
                .isEqualTo(LanguageNetworkConfig.of(10_000, hidden, rnn).withDropout(dropout, dropout));
        assertThat(command.model.init).isEqualTo(Initialization.uniform(bound));
        assertThat(command.model.steps).isEqualTo(steps);
        assertThat(command.model.batch).isEqualTo(20);
        assertThat(command.model.lineEnd).isEqualTo("<eos>");
        TrainerConfig training = command.model.trainer(command.epochs, 16);
        assertThat(training.withSchedule(Schedule.constant()))
                .isEqualTo(TrainerConfig.sgd(1, clip, epochs)
                        .withReduction(Reduction.SUM_OVER_TIME)
                        .withReportEvery(16));
        assertThat(training.schedule().factor(0, full - 1)).isEqualTo(1);
        assertThat(training.schedule().factor(0, full + 1)).isCloseTo(1 / (divisor * divisor), within(1e-12));
    }

    @Test
    void namesMayBeWrittenInCapitals() {
        TrainCommand command = parsed("train", "--cell", "GRU", "--init", "Framework:0.1", "--sampling", "RANDOM");
        assertThat(command.model.cell).isEqualTo(CellType.GRU);
        assertThat(command.model.init).isEqualTo(Initialization.parse("framework:0.1"));
        assertThat(command.model.sampling).isEqualTo(Sampling.RANDOM);
    }

    @Test
    void tf32IsForWhoeverAsksForIt() {
        assertThat(parsed("train", "--tf32").model.network(9).rnn().tf32()).isTrue();
        assertThat(parsed("train").model.network(9).rnn().tf32()).isFalse();
    }

    /** Merity et al. 2018, by the names of their program: dropouth, dropouti, dropout, dropoute, wdrop, alpha, beta. */
    @ParameterizedTest
    @CsvSource({"awd-lstm, 0.25, 0.4, 20, 500", "awd-lstm-wikitext2, 0.2, 0.65, 80, 750"})
    void presetsOfAwdLstm(String name, double between, double input, int batch, int epochs) {
        TrainCommand command = parsed("train", "--preset=" + name, "--dtype", "bf16", "--epochs", "3");

        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 400, 1150)
                .withLayers(3)
                .withDropout(between)
                .withVariationalDropout(true)
                .withDataType(DataType.BF16);
        assertThat(command.model.network(10_000))
                .isEqualTo(LanguageNetworkConfig.of(10_000, 400, rnn)
                        .withLastHiddenSize(400)
                        .withTied(true)
                        .withDropouts(new Dropouts(0.1, input, 0.5, 0.4, true)));
        assertThat(command.model.init).isEqualTo(Initialization.parse("framework:0.1"));
        assertThat(command.model.sampling).isEqualTo(Sampling.VARYING);
        assertThat(command.model.steps).isEqualTo(70);
        assertThat(command.model.batch).isEqualTo(batch);
        assertThat(command.epochs).isEqualTo(3);
        assertThat(Preset.parse(name).options()).containsEntry("--epochs", Integer.toString(epochs));
        assertThat(command.model.trainer(3, 32))
                .isEqualTo(TrainerConfig.sgd(30, 0.25, 3)
                        .withOptimizer(new NtAsgd(5, 1.2e-6))
                        .withPenalty(new ActivityPenalty(2, 1)));
    }

    private static TrainCommand parsed(String... args) {
        TrainCommand command = new TrainCommand(new Console(System.out, System.err, false));
        String[] expanded = PresetArguments.expand(args);
        new CommandLine(command).parseArgs(Arrays.copyOfRange(expanded, 1, expanded.length));
        command.model.settle();
        return command;
    }

    @Test
    void aPresetTrainsWithWhatIsGivenBesides() {
        Tool trained = Tool.run(
                ("train --preset awd-lstm --device cpu --hidden 8 --last-hidden 6 --embedding 6 --batch 2 --steps 10"
                                + " --epochs 2 --sample 5 --lr 1 --text " + text)
                        .split(" "));

        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(trained.out()).contains("epoch 2/2: perplexity");
    }

    /** The published experiments can be run from the command line exactly. */
    @ParameterizedTest
    @EnumSource
    void optionsExpressTheBooksExperiments(BookExperiment experiment) throws IOException {
        TrainCommand command = new TrainCommand(new Console(System.out, System.err, false));
        new CommandLine(command).parseArgs(experiment.options().toArray(String[]::new));
        TrainerConfig expected = experiment.trainer();
        TextSource story = BundledText.source();

        assertThat(command.model.network(28)).isEqualTo(experiment.network(28));
        assertThat(command.model.trainer(command.epochs, expected.reportEvery()))
                .isEqualTo(expected);
        assertThat(command.model.init).isEqualTo(experiment.initialization());
        assertThat(command.model.maxTokens).isEqualTo(experiment.maxTokens());
        assertThat(command.model.codec(story).toJson())
                .isEqualTo(experiment.codec(story).toJson());
        try (TokenSequence tokens = command.model.encode(command.model.codec(story), story)) {
            assertThat(command.model.data(tokens, false).fingerprint())
                    .isEqualTo(experiment.data(tokens, 0).fingerprint());
            assertThat(command.model.data(tokens, false).validation() == null).isEqualTo(!experiment.isV1());
        }
    }
}
