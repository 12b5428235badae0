package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.util.Map;

/** Every Unicode code point is a token: a surrogate pair is one token, a combining mark is a token of its own. */
public record CharTokenizer() implements Tokenizer {
    static final String KIND = "char";
    private static final int CACHED = 256;

    @Override
    public TokenStream read(CodePoints text) {
        return new Characters(text);
    }

    @Override
    public TextJoiner joiner() {
        return token -> token;
    }

    @Override
    public String toJson() {
        return Json.of(Map.of("kind", KIND)).text();
    }

    private static final class Characters implements TokenStream {
        private final CodePoints text;
        private final String[] cache = new String[CACHED];

        Characters(CodePoints text) {
            this.text = text;
        }

        @Override
        public String next() throws IOException {
            int point = text.next();
            while (point == CodePoints.PIECE_END) {
                point = text.next();
            }
            if (point == CodePoints.END) {
                return null;
            }
            return point < CACHED ? cached(point) : Character.toString(point);
        }

        private String cached(int point) {
            if (cache[point] == null) {
                cache[point] = Character.toString(point);
            }
            return cache[point];
        }

        @Override
        public void close() throws IOException {
            text.close();
        }
    }
}
