package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text appears while it is written. */
class GenerateCommandTest {
    /** Characters of one to four bytes. */
    private static final String TEXT = "die Möwe flog über das Meer, 海 und 🌊🌊 und kam zurück _ zum Meer ".repeat(12);

    @TempDir
    Path folder;

    private String[] trained(String tokens) throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), TEXT);
        String model = folder.resolve("m").toString();
        Tool made = Tool.run(Texts.train(
                text, "--recipe", "raw", "--tokens", tokens, "--steps", "5", "--epochs", "1", "--save", model));
        assertThat(made.code()).as(made.err()).isZero();
        return new String[] {
            "generate", "--model", model, "--temperature", "1", "--prompt", "Möwe 🌊🌊", "--device", "cpu"
        };
    }

    private static String[] with(String[] arguments, String... more) {
        String[] all = new String[arguments.length + more.length];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return all;
    }

    /** All of the text would take hours. */
    @ParameterizedTest
    @ValueSource(strings = {"char", "word", "bpe"})
    @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void itsBeginningIsReadWhileTheRestIsNotWritten(String tokens) throws Exception {
        String[] arguments = trained(tokens);
        String expected = Tool.run(with(arguments, "--length", "60")).out();
        byte[] wanted = expected.substring(0, expected.length() - 1).getBytes(StandardCharsets.UTF_8);
        PipedInputStream reader = new PipedInputStream();
        PrintStream out = new PrintStream(new PipedOutputStream(reader), true, StandardCharsets.UTF_8);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CompletableFuture<Integer> code = CompletableFuture.supplyAsync(
                () -> Main.run(with(arguments, "--length", "100000000"), out, new PrintStream(err, true)));

        byte[] read = reader.readNBytes(wanted.length);
        boolean ended = code.isDone();
        reader.close();

        assertThat(new String(read, StandardCharsets.UTF_8))
                .isEqualTo(new String(wanted, StandardCharsets.UTF_8))
                .startsWith("Möwe");
        assertThat(ended).isFalse();
        assertThat(code.get()).as(err.toString(StandardCharsets.UTF_8)).isEqualTo(ExitCode.OK);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    /** What has been passed on at any time is text of whole characters. */
    @ParameterizedTest
    @ValueSource(strings = {"char", "word", "bpe"})
    void noCharacterIsCut(String tokens) throws Exception {
        Flushes flushes = new Flushes();
        int code = Main.run(
                with(trained(tokens), "--length", "80"),
                new PrintStream(flushes, false, StandardCharsets.UTF_8),
                new PrintStream(new ByteArrayOutputStream()));
        assertThat(code).isZero();
        assertThat(flushes.count).as("pieces").isGreaterThan(80);
        assertThat(flushes.size()).as("bytes").isEqualTo(flushes.flushed + 1);
    }

    @Test
    void nothingIsWrittenButThePrompt() throws IOException {
        assertThat(Tool.run(with(trained("char"), "--length", "0")).out()).isEqualTo("Möwe 🌊🌊\n");
    }

    private static final class Flushes extends ByteArrayOutputStream {
        private int count;
        private int flushed;

        @Override
        public void flush() {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(toByteArray()));
            } catch (CharacterCodingException cut) {
                throw new AssertionError("a character is cut after " + size() + " bytes", cut);
            }
            count++;
            flushed = size();
        }
    }
}
