package dev.fusedrnn.text;

import java.io.Closeable;
import java.io.IOException;

/** A stream of Unicode code points, cut into pieces. A piece is a line for {@link Recipe#V017}, else the whole text. */
public interface CodePoints extends Closeable {
    /** Returned by {@link #next} at the end of the text, and again on every later call. */
    int END = -1;

    /** Returned by {@link #next} where a piece ends: no token reaches across, though no character stands there. */
    int PIECE_END = -2;

    /** The next code point, {@link #PIECE_END} or {@link #END}. */
    int next() throws IOException;

    @Override
    default void close() throws IOException {}

    /** The code points of a string, as one piece. */
    static CodePoints of(String text) {
        return new CodePoints() {
            private int at;

            @Override
            public int next() {
                if (at == text.length()) {
                    return END;
                }
                int codePoint = text.codePointAt(at);
                at += Character.charCount(codePoint);
                return codePoint;
            }
        };
    }

    /**
     * Whether a code point separates words: the white space of Unicode, no-break spaces and the information separators
     * included (the set that Python's {@code str.split()} splits at).
     */
    static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint) || codePoint == 0x85;
    }
}
