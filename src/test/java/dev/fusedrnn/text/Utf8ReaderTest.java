package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8ReaderTest {
    /** Bytes that begin, go on, are the ends of allowed ranges or may stand nowhere. */
    private static final Integer[] TELLING = {
        0, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xbb, 0xf0,
        0xf1, 0xf4, 0xf5, 0xff
    };

    private static String read(InputStream stream) throws IOException {
        StringBuilder text = new StringBuilder();
        try (CodePoints points = new Utf8Reader("a.txt", stream)) {
            for (int point = points.next(); point != CodePoints.END; point = points.next()) {
                text.appendCodePoint(point);
            }
        }
        return text.toString();
    }

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    @Test
    void readsCharactersOfAllLengthsAcrossBufferEnds() throws IOException {
        String text = "a\u00e9\u20ac\uD83D\uDE00".repeat(40_000);
        assertThat(read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))))
                .isEqualTo(text);
    }

    @Test
    void aByteOrderMarkAtTheStartIsSkippedAndElsewhereKept() throws IOException {
        assertThat(read(new ByteArrayInputStream(bytes("EFBBBF61EFBBBF62")))).isEqualTo("a\uFEFFb");
        assertThat(read(new ByteArrayInputStream(bytes("EFBBBFEFBBBF")))).isEqualTo("\uFEFF");
        assertThat(read(new ByteArrayInputStream(bytes("EFBBBF")))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "6180, 1, byte 0x80 cannot start a character",
        "FF, 0, byte 0xFF cannot start a character",
        "61C3, 1, the text ends inside a character",
        "61C361, 1, byte 0x61 cannot continue a character",
        "C080, 0, bytes encode no character",
        "E08080, 0, bytes encode no character",
        "EDA080, 0, bytes encode no character",
        "F4908080, 0, bytes encode no character"
    })
    void badBytesAreNamedWithFileAndPosition(String hex, long position, String why) {
        assertThatThrownBy(() -> read(new ByteArrayInputStream(bytes(hex))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a.txt: not UTF-8 at byte " + position + " (the first byte is 0): " + why);
    }

    @Test
    void positionsCountBeyondTheBuffer() {
        byte[] text = new byte[200_001];
        Arrays.fill(text, (byte) 'a');
        text[200_000] = (byte) 0xFE;
        assertThatThrownBy(() -> read(new ByteArrayInputStream(text))).hasMessageContaining("at byte 200000 ");
    }

    @Test
    void acceptsWhatTheStrictDecoderOfTheJdkAccepts() {
        Draw.cases(2000, draw -> {
            byte[] bytes = new byte[draw.whole(0, 6)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (draw.flag() ? draw.oneOf(TELLING) : draw.whole(0, 255));
            }
            String expected;
            try {
                expected = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString();
            } catch (CharacterCodingException e) {
                assertThatThrownBy(() -> read(new ByteArrayInputStream(bytes)))
                        .isInstanceOf(IllegalArgumentException.class);
                return;
            }
            assertThat(read(new ByteArrayInputStream(bytes))).isEqualTo(expected.replaceFirst("^\uFEFF", ""));
        });
    }

    @Test
    void missingFileKeepsItsName() {
        assertThatThrownBy(() -> TextSource.file(Path.of("no-such.txt")).read())
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("no-such.txt");
    }
}
