package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.model.BookExperiment;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Vocabulary;
import dev.fusedrnn.train.Checkpoint;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
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

    @ParameterizedTest
    @CsvSource({"lstm,sequential,adam", "gru,random,sgd", "rnn,sliding,rmsprop", "gru,sequential,nt-asgd"})
    void resumingGivesTheSameBitsAsNeverHavingStopped(String cell, String sampling, String optimizer)
            throws IOException {
        String[] kind = ("--cell " + cell + " --sampling " + sampling + " --optimizer " + optimizer
                        + " --output-dropout 0.2 --weight-dropout 0.3 --embedding-dropout 0.1 --variational-dropout --zoneout 0.1"
                        + " --activity 2 --activity-change 1 --weight-decay 1e-4")
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
