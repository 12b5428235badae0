package dev.fusedrnn.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A sentence and its translation, as they stand in the file.
 *
 * @param source what is translated
 * @param target what it is translated to
 */
public record SentencePair(String source, String target) {
    /** Checks that nothing is missing. */
    public SentencePair {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(target, "target");
    }

    /**
     * The first pairs of a text with a pair on each line: source, tab, target. Further columns, such as the attribution in newer
     * files of manythings.org, and empty lines are passed over.
     *
     * @param most pairs to read; what follows them is not looked at
     * @throws IllegalArgumentException if the text is not UTF-8, a line has no tab or nothing on one side of it, or there are no
     *     pairs; it names the text and the line
     */
    public static List<SentencePair> read(TextSource text, int most) throws IOException {
        if (most < 1) {
            throw new IllegalArgumentException("most: expected at least 1, found " + most);
        }
        List<SentencePair> pairs = new ArrayList<>();
        try (CodePoints points = text.read()) {
            StringBuilder line = new StringBuilder();
            int number = 1;
            for (int point = points.next(); pairs.size() < most; point = points.next()) {
                if (point >= 0 && point != '\n') {
                    line.appendCodePoint(point);
                    continue;
                }
                if (!line.toString().isBlank()) {
                    pairs.add(parse(text.name(), number, line.toString()));
                }
                if (point == CodePoints.END) {
                    break;
                }
                line.setLength(0);
                number++;
            }
        }
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(text.name() + ": expected a pair of sentences on each line, found none");
        }
        return pairs;
    }

    private static SentencePair parse(String name, int number, String line) {
        String[] columns = line.split("[\t\r]", -1);
        if (columns.length < 2 || columns[0].isBlank() || columns[1].isBlank()) {
            throw new IllegalArgumentException(name + ": line " + number
                    + ": expected a source and a target sentence with a tab between them, found '" + shortened(line)
                    + "'");
        }
        return new SentencePair(columns[0], columns[1]);
    }

    private static String shortened(String line) {
        int shown = 40;
        String one = line.replace('\t', ' ').replace('\r', ' ');
        return one.length() <= shown ? one : one.substring(0, shown) + "...";
    }
}
