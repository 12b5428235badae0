package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training in a process of its own that is ended from outside, or runs out of room. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class InterruptedTrainingTest {
    private static final String MANY = "1000000";

    @TempDir
    Path folder;

    private Path text;
    private Path model;

    @BeforeEach
    void writeText() throws IOException {
        text = Texts.sea(folder);
        model = folder.resolve("m.safetensors");
    }

    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void aSignalSavesAndResumingGivesTheSameBits(String signal, int code) throws Exception {
        Path report = folder.resolve("r.json");
        String[] args = Texts.train(text, "--epochs", MANY, "--save", model + "", "--report", report + "");
        try (ForkedTool tool = ForkedTool.start("", args)) {
            tool.awaitLine("epoch 1/");
            tool.signal(signal);
            assertThat(tool.await()).as(tool.err()).isEqualTo(code);
            assertThat(tool.err()).containsPattern("interrupted after \\d+ steps.*--resume");
        }
        assertThat(Files.readString(report)).contains("\"state\" : \"interrupted\"");
        Checkpoint interrupted = Checkpoint.read(model);
        int epochs = interrupted.training().epoch() + 1;
        Path whole = folder.resolve("whole.safetensors");

        Tool resumed = Tool.run(
                "train", "--device", "cpu", "--resume", model + "", "--save", model + "", "--epochs", epochs + "");
        Tool straight = Tool.run(Texts.train(text, "--epochs", epochs + "", "--save", whole + ""));

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(straight.code()).as(straight.err()).isZero();
        Checkpoint expected = Checkpoint.read(whole);
        Checkpoint.read(model).parameters().forEach((name, values) -> assertThat(values)
                .as(name)
                .isEqualTo(expected.parameters().get(name)));
    }

    @Test
    void withoutSaveASignalJustEnds() throws Exception {
        try (ForkedTool tool = ForkedTool.start("", Texts.train(text, "--epochs", MANY))) {
            tool.awaitLine("epoch 1/");
            tool.signal("INT");

            assertThat(tool.await()).as(tool.err()).isEqualTo(130);
            assertThat(tool.err()).contains("nothing is saved without --save").doesNotContain("\tat ");
        }
    }

    @Test
    void killingLeavesTheOlderModel() throws Exception {
        Tool.run(Texts.train(text, "--epochs", "1", "--save", model + ""));
        byte[] before = Files.readAllBytes(model);
        try (ForkedTool tool = ForkedTool.start(
                "", "train", "--device", "cpu", "--resume", model + "", "--save", model + "", "--epochs", MANY)) {
            tool.awaitLine("going on after");
            tool.signal("KILL");
            tool.await();
        }

        assertThat(Files.readAllBytes(model)).isEqualTo(before);
        assertThat(Tool.run("generate", "--model", model + "", "--length", "3").code())
                .isZero();
    }

    @Test
    void aFileThatCannotGrowLeavesTheOlderModel() throws Exception {
        Tool.run(Texts.train(text, "--epochs", "1", "--save", model + ""));
        byte[] before = Files.readAllBytes(model);
        String[] larger = Texts.train(text, "--epochs", "1", "--hidden", "64", "--save", model + "");
        // Files may grow to 32 KiB, the model takes more: the write fails as it does on a full disk.
        try (ForkedTool tool = ForkedTool.start("ulimit -f 32;", larger)) {
            assertThat(tool.await()).as(tool.err()).isEqualTo(2);
            assertThat(tool.err())
                    .contains("--save " + model + ": not saved, an older file is unchanged: ")
                    .doesNotContain("\tat ");
        }

        assertThat(Files.readAllBytes(model)).isEqualTo(before);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("sea.txt", "m.safetensors");
        }
    }
}
