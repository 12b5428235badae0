package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad input gives one line that says what was wrong, where, and what is allowed; exit code 2; no stack trace. */
class BadInputTest {
    @TempDir
    Path folder;

    @BeforeEach
    void writeFiles() throws IOException {
        Texts.sea(folder);
        Files.writeString(folder.resolve("empty.txt"), "");
        Files.writeString(folder.resolve("short.txt"), "abc");
        Files.writeString(folder.resolve("one.txt"), "a");
        Files.writeString(folder.resolve("numbers.txt"), "1 2 3 ");
        Files.write(folder.resolve("latin.txt"), "caf\u00e9 au lait".getBytes(StandardCharsets.ISO_8859_1));
        Files.writeString(folder.resolve("few.shapes"), "# comment\na 1 2 3\n");
        Files.writeString(folder.resolve("none.shapes"), "# comment\n");
        Files.writeString(folder.resolve("zero.shapes"), "a 1 2 3 0 1 1\n");
        Files.writeString(folder.resolve("three.shapes"), "a 1 2 3 4 1 3\n");
        Files.writeString(folder.resolve("deep.shapes"), "a 1 2 3 4 1025 1\n");
        Files.createDirectory(folder.resolve("folder"));
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("sea.txt"));
    }

    /** Arguments, in which {@code @} stands for the folder above, and what the one line has to hold. */
    static Stream<Arguments> badCommands() {
        return Stream.of(
                arguments("", "Missing command: expected one of info, train, generate, check, bench"),
                arguments("trian", "did you mean train?"),
                arguments("train --text @/missing.txt", "--text @/missing.txt: no such file"),
                arguments("train --text @/empty.txt", "@/empty.txt: no tokens: the text is empty"),
                arguments("train --text @/short.txt", "@/short.txt: too short: validation must keep at least 2 tokens"),
                arguments("train --text @/short.txt --validation 0", "too short: text: expected at least"),
                arguments(
                        "train --text @/short.txt --validation 0",
                        "found 3; use a longer text, or a smaller --batch, --steps"),
                arguments("train --test-text @/one.txt", "--test-text @/one.txt: too short: expected at least 2"),
                arguments("train --validation-text @/one.txt", "--validation-text @/one.txt: too short: expected"),
                arguments("train --text @/numbers.txt --recipe v017", "recipe v017 leaves nothing of it"),
                arguments("train --text @/latin.txt", "@/latin.txt: not UTF-8 at byte 3"),
                arguments("train --text @/folder", "--text @/folder: is a folder, expected a text file"),
                arguments("train --text /dev/null", "--text /dev/null: is not a regular file"),
                arguments("train --validation-text @/missing.txt", "--validation-text @/missing.txt: no such file"),
                arguments(
                        "train --recipe v2",
                        "--recipe: expected one of raw, v1, v017, stat157, translation, found 'v2'"),
                arguments("train --tokens letters", "--tokens: expected one of char, word, bpe, found 'letters'"),
                arguments("train --cell lstmm", "--cell: expected one of rnn, rnn_relu, gru, lstm, found 'lstmm'"),
                arguments(
                        "train --sampling all",
                        "--sampling: sampling must be one of [sequential, varying, random, sliding]"),
                arguments(
                        "train --optimizer lbfgs",
                        "--optimizer: optimizer must be one of [sgd, nt-asgd, rmsprop, adam"),
                arguments("train --dtype f64", "--dtype: expected one of f32, bf16, f16, found 'f64'"),
                arguments(
                        "train --init big",
                        "--init: initialization must be one of [framework, framework:BOUND, scratch"),
                arguments("train --schedule fast", "--schedule: schedule must be constant, decay:EPOCHS:FACTOR"),
                arguments(
                        "train --engine magic", "--engine: engine must be one of [auto, reference, cpu, cudnn, fused]"),
                arguments("train --gates kept", "--gates: gates must be one of [stored, recomputed], found kept"),
                arguments("train --loss max", "--loss: reduction must be one of [mean, sum-over-time], found max"),
                arguments("train --device tpu", "device must be auto, cpu, cuda or cuda:I, found \"tpu\""),
                arguments("train --hidden 0", "--hidden: expected a whole number, 1 to 1048576, found '0'"),
                arguments("train --hidden 1e3", "--hidden: expected a whole number, 1 to 1048576, found '1e3'"),
                arguments("train --hidden 99999999999999999999", "found '99999999999999999999'"),
                arguments("train --layers 0", "--layers: expected a whole number, 1 to 1024, found '0'"),
                arguments("train --batch 0", "--batch: expected a whole number, 1 to 1048576, found '0'"),
                arguments("train --steps -5", "--steps: expected a whole number, 1 to 1048576, found '-5'"),
                arguments("train --epochs 0", "--epochs: expected a whole number, 1 to 2147483647, found '0'"),
                arguments("train --embedding -1", "--embedding: expected a whole number, 0 to 1048576, found '-1'"),
                arguments("train --max-tokens 0", "--max-tokens: expected a whole number, 1 or more, found '0'"),
                arguments("train --hidden 1048576 --layers 1024", "parameters, at most 2,147,483,647 are possible"),
                arguments("train --batch 1048576 --steps 1048576", "MiB of memory, this machine has"),
                arguments("train --lr NaN", "--lr: expected a number above 0, at most 3.4e38, found 'NaN'"),
                arguments("train --lr 0", "--lr: expected a number above 0, at most 3.4e38, found '0'"),
                arguments("train --lr Infinity", "--lr: expected a number above 0, at most 3.4e38, found 'Infinity'"),
                arguments("train --clip -1", "--clip: expected a number, 0 or more, at most 3.4e38, found '-1'"),
                arguments("train --dropout 1", "--dropout: expected a fraction of at least 0 and below 1"),
                arguments("train --zoneout 1", "--zoneout: expected a fraction of at least 0 and below 1"),
                arguments("train --cell gru --cell-zoneout 0.1", "--cell-zoneout is for --cell lstm, found --cell gru"),
                arguments(
                        "train --variational-dropout", "--variational-dropout needs --dropout P, --input-dropout P or"),
                arguments("train --dropout 0.5", "--dropout acts between layers, but --layers is 1"),
                arguments(
                        "train --weight-dropout 1", "--weight-dropout: expected a fraction of at least 0 and below 1"),
                arguments("train --last-hidden 0", "--last-hidden: expected a whole number, 1 to 1048576, found '0'"),
                arguments("train --last-hidden 9", "--last-hidden is for --layers 2 or more, found --layers 1"),
                arguments("train --sampling varying --steps 9", "steps: expected at least 10 where lengths vary"),
                arguments("train --preset zaremba", "--preset: preset must be one of [zaremba-small, zaremba-medium"),
                arguments(
                        "train --preset zaremba-small --tokens char",
                        "found --tokens char (options that are not given come from --preset zaremba-small)"),
                arguments("train --preset", "Missing required parameter for option '--preset'"),
                arguments("train --decay biases", "--decay: decay scope must be one of [all, matrices], found biases"),
                arguments("train --patience 3", "--patience is for --optimizer nt-asgd, found --optimizer adam"),
                arguments(
                        "train --validation 0.2 --validation-text @/sea.txt",
                        "--validation keeps a part of the text for what --validation-text is for"),
                arguments("train --optimizer nt-asgd --patience -1", "--patience: expected a whole number, 0 to"),
                arguments(
                        "train --optimizer nt-asgd --validation 0",
                        "--optimizer nt-asgd needs --validation above 0 or --validation-text"),
                arguments("train --embedding-dropout -1", "--embedding-dropout: expected a fraction of at least 0"),
                arguments(
                        "train --embedding-dropout 0.1 --embedding 0",
                        "--embedding-dropout needs an embedding, but --embedding is 0"),
                arguments("train --activity x", "--activity: expected a number, 0 or more, at most 3.4e38, found 'x'"),
                arguments("train --activity-change -2", "--activity-change: expected a number, 0 or more"),
                arguments(
                        "train --weight-decay -1",
                        "--weight-decay: expected a number, 0 or more, at most 3.4e38, found '-1'"),
                arguments("train --validation 4/3", "--validation: expected a fraction of at least 0 and below 1"),
                arguments("train --validation 1/0", "--validation: expected a fraction of at least 0 and below 1"),
                arguments("train --seed x", "--seed: expected a whole number"),
                arguments("train --hiden 5", "Unknown options: '--hiden', '5'; did you mean --hidden?"),
                arguments("train --epochs", "Missing required parameter for option '--epochs'"),
                arguments("train more", "Unmatched argument at index 1: 'more'"),
                arguments(
                        "train --tied --embedding 3",
                        "--tied needs --embedding 256, the size of the last layer's output"),
                arguments("train --line-end x", "--line-end is for --tokens word, found --tokens char"),
                arguments("train --reset-before", "--reset-before is for --cell gru, found --cell lstm"),
                arguments("train --min-freq 100000", "--min-freq 100000: no token of bundled story occurs that often"),
                arguments("train --tokens bpe --vocabulary 3", "--vocabulary: expected at least the"),
                arguments("train --save @/no/m", "--save @/no/m: there is no folder @/no"),
                arguments("train --save @/folder", "--save @/folder: is a folder, expected a file"),
                arguments("train --report @/no/r.json", "--report @/no/r.json: there is no folder @/no"),
                arguments("train --report /proc/r.json", "--report /proc/r.json: cannot write to folder /proc"),
                arguments("train --plot @/no/p.png", "--plot @/no/p.png: there is no folder @/no"),
                arguments("train --save @/m --report @/m", "--report @/m: the same file as --save"),
                arguments("train --text=", "--text: expected the name of a file, found ''"),
                arguments("train --save=", "--save: expected the name of a file, found ''"),
                arguments("train --text @/sea.txt --save @/sea.txt", "--save @/sea.txt: the same file as --text"),
                arguments("train --text @/sea.txt --plot @/folder/../sea.txt", "the same file as --text, would be"),
                arguments("train --text @/link --report @/sea.txt", "--report @/sea.txt: the same file as --text"),
                arguments("train --test-text @/sea.txt --save @/sea.txt", "the same file as --test-text"),
                arguments("train --validation-text @/sea.txt --save @/sea.txt", "the same file as --validation-text"),
                arguments("train --save /dev/null", "--save /dev/null: is not a regular file, cannot be replaced"),
                arguments("train --lr 1e300", "--lr: expected a number above 0, at most 3.4e38, found '1e300'"),
                arguments("train --vocabulary 1", "--vocabulary: expected at least 2"),
                arguments("train --resume @/missing", "--resume @/missing: no such file"),
                arguments("train --engine fused --device cpu", "the fused engine needs a CUDA device"),
                arguments("train --engine cudnn --device cpu", "the cudnn engine needs a CUDA device"),
                arguments("generate", "Missing required option: '--model=FILE'"),
                arguments("generate --model @/missing", "--model @/missing: no such file"),
                arguments("generate --model @/folder", "--model @/folder: not a regular file but a directory"),
                arguments("generate --model @/m --length -1", "--length: expected a whole number, 0 to 100000000"),
                arguments("generate --model @/m --temperature NaN", "--temperature: expected a number, 0 or more"),
                arguments("generate --model @/m --top-k -1", "--top-k: expected a whole number, 0 to 2147483647"),
                arguments("check --golden @/no", "--golden @/no: no such folder"),
                arguments("check --golden @/folder", "--golden @/folder: holds no file that ends with .safetensors"),
                arguments("check --engine fused --device cpu", "--engine fused: not available: fused on cpu: "),
                arguments("bench --shapes @/no", "--shapes @/no: no such file"),
                arguments("bench --shapes @/folder", "--shapes @/folder: is a folder"),
                arguments("bench --shapes @/deep.shapes", "line 1: L must be a whole number, 1 to 1024, found '1025'"),
                arguments(
                        "bench --shapes @/few.shapes --report @/few.shapes", "--report @/few.shapes: the same file as"),
                arguments("bench --shapes @/few.shapes", "@/few.shapes, line 2: expected 7 fields: name N T C H L D"),
                arguments("bench --shapes @/none.shapes", "--shapes @/none.shapes: holds no shape"),
                arguments("bench --shapes @/zero.shapes", "line 1: H must be a whole number, 1 to 1048576, found '0'"),
                arguments("bench --shapes @/three.shapes", "line 1: D must be a whole number, 1 to 2, found '3'"),
                arguments("bench --shapes @/latin.txt", "@/latin.txt: not UTF-8"),
                arguments("bench --seconds 0", "--seconds: expected a number above 0, at most 3.4e38, found '0'"),
                arguments("bench --threads 0", "--threads: expected a whole number, 1 to 1024, found '0'"),
                arguments("bench --report @/no/r", "--report @/no/r: there is no folder @/no"));
    }

    @ParameterizedTest(name = "fusedrnn {0}")
    @MethodSource("badCommands")
    void badInputIsRefusedInOneLine(String command, String expected) {
        String[] args = Arrays.stream(command.split(" "))
                .filter(word -> !word.isEmpty())
                .map(this::inFolder)
                .toArray(String[]::new);

        assertRefused(Tool.run(args), inFolder(expected));
    }

    private String inFolder(String text) {
        return text.replace("@", folder.toString());
    }

    /** Notes may stand before the line; a GPU that is missing is one. */
    private static void assertRefused(Tool refused, String expected) {
        assertThat(refused.code()).as(refused.err()).isEqualTo(2);
        assertThat(refused.out()).doesNotContain("Exception");
        assertThat(refused.err()).doesNotContain("Exception").doesNotContain("\tat ");
        String[] lines = refused.err().split("\n");
        assertThat(lines.length).as(refused.err()).isLessThanOrEqualTo(2);
        assertThat(lines[lines.length - 1]).startsWith("fusedrnn").contains(expected);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.fusedrnn.io.BadFilesTest#badFiles")
    void badModelFilesAreRefused(String name, byte[] content) throws IOException {
        Path file = folder.resolve("bad.safetensors");
        Files.write(file, content);

        assertRefused(Tool.run("generate", "--model", file.toString()), "--model " + file + ": ");
        assertRefused(Tool.run("train", "--resume", file.toString()), "--resume " + file + ": ");
    }

    @Test
    void damagedAndForeignModelsAreRefused() throws IOException {
        Path model = folder.resolve("m.safetensors");
        assertThat(Tool.run(Texts.train(folder.resolve("sea.txt"), "--epochs", "1", "--save", model.toString()))
                        .code())
                .isZero();
        byte[] sound = Files.readAllBytes(model);

        for (int kept = 0; kept < sound.length; kept += 499) {
            Files.write(model, Arrays.copyOf(sound, kept));
            assertRefused(Tool.run("generate", "--model", model.toString()), "--model " + model + ": ");
        }
        for (int place = 0; place < sound.length; place += 997) {
            byte[] damaged = sound.clone();
            damaged[place] ^= 0x10;
            Files.write(model, damaged);
            assertRefused(Tool.run("generate", "--model", model.toString()), "--model " + model + ": ");
        }
        new SafetensorsWriter().add("w", new long[] {2}, new double[] {1, 2}).write(model);
        assertRefused(Tool.run("generate", "--model", model.toString()), "expected a model that train has saved");
    }

    @Test
    void aMissingGpuIsExplained() {
        Assumptions.assumeFalse(Device.gpuReasons().isEmpty(), "there is a GPU");

        Tool refused = Tool.run("train", "--device", "cuda");

        assertRefused(refused, "cuda:0 is not available: " + Device.gpuReasons().get(0));
    }

    @Test
    void whatCannotBeWrittenIsFoundBeforeTheTextIsRead() {
        Tool refused = Tool.run("train", "--text", folder + "/missing.txt", "--report", folder + "/no/r.json");

        assertRefused(refused, "--report");
    }

    @Test
    void divergedTrainingDoesNotReplaceASoundModel() throws IOException {
        Path text = folder.resolve("sea.txt");
        Path model = folder.resolve("m.safetensors");
        Path report = folder.resolve("r.json");
        Tool.run(Texts.train(text, "--epochs", "1", "--save", model.toString()));
        byte[] sound = Files.readAllBytes(model);

        Tool diverged = Tool.run(Texts.train(
                text,
                "--epochs",
                "3",
                "--optimizer",
                "sgd",
                "--lr",
                "1e30",
                "--clip",
                "0",
                "--save",
                model.toString(),
                "--report",
                report.toString()));

        assertThat(diverged.code()).isEqualTo(2);
        assertThat(diverged.err())
                .contains("training diverged")
                .contains("--lr")
                .doesNotContain("\tat ");
        assertThat(Files.readAllBytes(model)).isEqualTo(sound);
        assertThat(Files.readString(report)).contains("\"state\" : \"diverged\"");
    }
}
