package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What stands between white space is a token.
 *
 * @param lineEnd a token for the end of each line that {@link Recipe#RAW} text has, such as {@code <eos>}, as the word
 *     language models of the Penn Treebank and WikiText count it; null for none
 */
public record WordTokenizer(String lineEnd) implements Tokenizer {
    static final String KIND = "word";

    /** Checks that the line end is a word. */
    public WordTokenizer {
        if (lineEnd != null && (lineEnd.isEmpty() || lineEnd.codePoints().anyMatch(CodePoints::isSpace))) {
            throw new IllegalArgumentException(
                    "lineEnd: expected a token without white space, found '" + lineEnd + "'");
        }
    }

    /** Words without a token for the end of a line. */
    public WordTokenizer() {
        this(null);
    }

    @Override
    public TokenStream read(CodePoints text) {
        return new Words(text);
    }

    /** Joins words by single spaces; {@link #lineEnd} becomes a line end. */
    @Override
    public TextJoiner joiner() {
        return new TextJoiner() {
            private boolean space;

            @Override
            public String add(String token) {
                boolean end = token.equals(lineEnd);
                String added = (space && !end ? " " : "") + (end ? "\n" : token);
                space = !end;
                return added;
            }
        };
    }

    @Override
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("kind", KIND);
        if (lineEnd != null) {
            fields.put("lineEnd", lineEnd);
        }
        return Json.of(fields).text();
    }

    static WordTokenizer fromJson(SavedFields fields) {
        return new WordTokenizer(fields.has("lineEnd") ? fields.string("lineEnd") : null);
    }

    private final class Words implements TokenStream {
        private final CodePoints text;
        private final WordBuffer word = new WordBuffer();
        private boolean lineEndDue;
        private boolean lineHasWords;

        Words(CodePoints text) {
            this.text = text;
        }

        @Override
        public String next() throws IOException {
            if (lineEndDue) {
                return endLine();
            }
            for (int point = text.next(); point >= 0 || point == CodePoints.PIECE_END; point = text.next()) {
                if (point >= 0 && !CodePoints.isSpace(point)) {
                    word.append(point);
                    continue;
                }
                lineEndDue = lineEnd != null && point == '\n';
                if (!word.isEmpty()) {
                    return takeWord();
                }
                if (lineEndDue) {
                    return endLine();
                }
            }
            return atEnd();
        }

        private String atEnd() {
            if (!word.isEmpty()) {
                return takeWord();
            }
            return lineEnd != null && lineHasWords ? endLine() : null;
        }

        private String takeWord() {
            lineHasWords = true;
            return word.take();
        }

        private String endLine() {
            lineEndDue = false;
            lineHasWords = false;
            return lineEnd;
        }

        @Override
        public void close() throws IOException {
            text.close();
        }
    }
}
