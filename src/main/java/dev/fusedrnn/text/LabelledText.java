package dev.fusedrnn.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A text and the name of its class, and readers of the files in which data sets of such texts come.
 *
 * @param label the class
 * @param text the text
 */
public record LabelledText(String label, String text) {
    /**
     * Lines {@code COARSE:fine question}, as of the TREC questions (Li and Roth 2002); lines that begin with another word make
     * that word the class, so that this also reads {@code label text} of the Stanford Sentiment Treebank.
     *
     * @param charset ISO-8859-1 for TREC as it was published
     * @param fine whether the class is {@code COARSE:fine} rather than {@code COARSE}
     * @throws IllegalArgumentException naming the text and line of what is not as said
     */
    public static List<LabelledText> firstWord(TextSource source, Charset charset, boolean fine) throws IOException {
        return lines(source, charset, line -> {
            int end = line.indexOf(' ');
            if (end < 1 || line.substring(end).isBlank()) {
                throw new IllegalArgumentException("expected a class, a space and a text, found '" + line + "'");
            }
            String label = line.substring(0, end);
            int colon = label.indexOf(':');
            return new LabelledText(
                    fine || colon < 0 ? label : label.substring(0, colon),
                    line.substring(end + 1).strip());
        });
    }

    /**
     * Lines of one class, as of the movie reviews of Pang and Lee 2005, which has a file of each.
     *
     * @throws IllegalArgumentException naming the text and line of what is not as said
     */
    public static List<LabelledText> ofClass(TextSource source, Charset charset, String label) throws IOException {
        return lines(source, charset, line -> new LabelledText(label, line.strip()));
    }

    /**
     * Lines of fields separated by tabs, of which the first is the class and the last, which may hold further tabs, the text.
     *
     * @param columns number of fields, 2 or more
     * @throws IllegalArgumentException naming the text and line of what is not as said
     */
    public static List<LabelledText> tabs(TextSource source, Charset charset, int columns) throws IOException {
        if (columns < 2) {
            throw new IllegalArgumentException("columns: expected at least 2, found " + columns);
        }
        return lines(source, charset, line -> {
            String[] fields = line.split("\t", columns);
            if (fields.length < columns) {
                throw new IllegalArgumentException(
                        "expected " + columns + " fields separated by tabs, found " + fields.length);
            }
            if (fields[0].isBlank()) {
                throw new IllegalArgumentException("expected a class in the first field, found none");
            }
            return new LabelledText(fields[0], fields[columns - 1].strip());
        });
    }

    /** All texts without their classes, a line each, such as to number their tokens. */
    public static TextSource joined(List<LabelledText> texts) {
        return TextSource.text(
                "labelled texts", texts.stream().map(LabelledText::text).collect(Collectors.joining("\n")));
    }

    /** Lines end at line feeds alone: reviews hold other characters that Java takes for line ends. Blank lines are left out. */
    private static List<LabelledText> lines(TextSource source, Charset charset, Function<String, LabelledText> parser)
            throws IOException {
        List<LabelledText> texts = new ArrayList<>();
        int line = 0;
        try (BufferedReader reader = source.reader(charset)) {
            for (String next = nextLine(reader); next != null; next = nextLine(reader)) {
                line++;
                if (!next.isBlank()) {
                    texts.add(parser.apply(next));
                }
            }
        } catch (CharacterCodingException wrong) {
            throw new IllegalArgumentException(source.name() + ": not " + charset + " after line " + line, wrong);
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(source.name() + ": line " + line + ": " + wrong.getMessage(), wrong);
        }
        if (texts.isEmpty()) {
            throw new IllegalArgumentException(source.name() + ": expected at least one line of text, found none");
        }
        return texts;
    }

    private static String nextLine(BufferedReader reader) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = reader.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = reader.read()) {
            line.append((char) next);
        }
        return line.toString();
    }
}
