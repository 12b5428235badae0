package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenSequenceTest {
    private static TokenSequence written(int count, int inMemory) throws IOException {
        try (TokenWriter writer = new TokenWriter(inMemory)) {
            for (int i = 0; i < count; i++) {
                writer.add(3 * i);
            }
            assertThat(writer.size()).isEqualTo(count);
            return writer.finish();
        }
    }

    @Test
    void memoryAndFileHoldTheSame() {
        Draw.cases(60, draw -> {
            int count = draw.whole(0, 20_000);
            int inMemory = draw.whole(4096, 9000);
            int percent = draw.whole(0, 99);
            int[] expected = IntStream.range(0, count).map(i -> 3 * i).toArray();
            try (TokenSequence tokens = written(count, inMemory)) {
                assertThat(tokens).isInstanceOf(count > inMemory ? MappedTokens.class : ArrayTokens.class);
                assertThat(tokens.toArray()).isEqualTo(expected);
                int from = count * percent / 100;
                TokenSequence slice = tokens.slice(from, count).slice(0, (count - from) / 2);
                assertThat(slice.toArray()).isEqualTo(Arrays.copyOfRange(expected, from, from + (count - from) / 2));
            }
        });
    }

    @Test
    void copiesIntoTheMiddleAndChecksRanges() throws IOException {
        for (TokenSequence tokens : new TokenSequence[] {
            written(5000, 4096), written(5000, 9000), written(6000, 4096).slice(0, 5000)
        }) {
            int[] target = {-7, -7, -7, -7};
            tokens.copy(4998, target, 1, 2);
            assertThat(target).containsExactly(-7, 14_994, 14_997, -7);
            assertThatThrownBy(() -> tokens.copy(4999, target, 0, 2))
                    .hasMessage("from, count: expected a part of 5000 tokens, found 2 from 4999");
            assertThatThrownBy(() -> tokens.copy(-1, target, 0, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tokens.copy(0, target, 3, 2))
                    .hasMessage("target: expected room for 2 tokens at 3, found an array of 4");
            assertThatThrownBy(() -> tokens.slice(10, 5001)).hasMessageContaining("slice");
        }
    }

    /** Segments are 1 GiB long in use; short ones show that reads cross them. */
    @Test
    void readsCrossTheSegmentsOfAMapping(@TempDir Path folder) throws IOException {
        int[] expected = IntStream.range(0, 1000).map(i -> 7 * i).toArray();
        ByteBuffer bytes = ByteBuffer.allocate(4000).order(ByteOrder.nativeOrder());
        bytes.asIntBuffer().put(expected);
        Path file = Files.write(folder.resolve("ids"), bytes.array());
        try (FileChannel channel = FileChannel.open(file);
                TokenSequence tokens = new MappedTokens(channel, 1000, 6)) {
            assertThat(tokens.toArray()).isEqualTo(expected);
            int[] part = new int[130];
            tokens.copy(63, part, 0, 130);
            assertThat(part).isEqualTo(Arrays.copyOfRange(expected, 63, 193));
            assertThat(tokens.get(999)).isEqualTo(6993);
        }
    }

    @Test
    void closedMappingAndFinishedWriterAreOfNoUse() throws IOException {
        TokenSequence tokens = written(5000, 4096);
        tokens.close();
        tokens.close();
        assertThatThrownBy(() -> tokens.get(0)).isInstanceOf(IllegalStateException.class);
        TokenWriter writer = new TokenWriter();
        writer.finish();
        assertThatThrownBy(() -> writer.add(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
    }

    /** A text of 40 million tokens, 160 MB as ids, in a virtual machine with a heap of 24 MB; no file stays behind. */
    @Test
    void textLargerThanTheHeapIsReadAndDrawnFrom(@TempDir Path folder) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx24m",
                        "-Djava.io.tmpdir=" + folder,
                        "-cp",
                        System.getProperty("java.class.path"),
                        LargeText.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(output.strip()).isEqualTo("40000000 tokens, 35714 minibatches, all targets as expected");
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }
}
