package dev.fusedrnn.text;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** A UTF-8 text that can be read from its start more than once: to count its tokens, then to number them. */
public interface TextSource {
    /** What error messages call this text: for a file, its path. */
    String name();

    /** Opens the text at its first byte. The caller closes the stream. */
    InputStream open() throws IOException;

    /** The code points of this text, strictly decoded and unchanged but for a byte order mark: see {@link Recipe#RAW}. */
    default CodePoints read() throws IOException {
        return new Utf8Reader(name(), open());
    }

    /**
     * The characters of this text in a charset, strictly decoded and without a byte order mark. The caller closes the reader.
     *
     * @throws java.nio.charset.CharacterCodingException if bytes are no characters, here or while reading
     */
    default BufferedReader reader(Charset charset) throws IOException {
        BufferedReader reader = new BufferedReader(new InputStreamReader(open(), charset.newDecoder()));
        try {
            reader.mark(1);
            if (reader.read() != Utf8Reader.BYTE_ORDER_MARK) {
                reader.reset();
            }
            return reader;
        } catch (IOException | RuntimeException | Error failed) {
            reader.close();
            throw failed;
        }
    }

    /** A file, opened anew for each reading. */
    static TextSource file(Path path) {
        return of(path.toString(), () -> Files.newInputStream(path));
    }

    /** A text in memory. */
    static TextSource text(String name, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return of(name, () -> new ByteArrayInputStream(bytes));
    }

    /** Anything that opens as a stream: a resource, a packed file. */
    static TextSource of(String name, Opener opener) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(opener, "opener");
        return new TextSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public InputStream open() throws IOException {
                return opener.open();
            }
        };
    }

    /** Opens a stream at the first byte of a text. */
    @FunctionalInterface
    interface Opener {
        /** A new stream, at the first byte. */
        InputStream open() throws IOException;
    }
}
