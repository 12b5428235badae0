package dev.fusedrnn.text;

import java.io.Closeable;
import java.io.IOException;

/** Tokens of a text, one after the other, cut while the text is read. Belongs to one thread. */
public interface TokenStream extends Closeable {
    /** The next token, or null at the end of the text. */
    String next() throws IOException;
}
