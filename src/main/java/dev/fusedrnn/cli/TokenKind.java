package dev.fusedrnn.cli;

import java.util.Locale;

/** How a text is cut into tokens. */
enum TokenKind {
    CHAR,
    WORD,
    BPE;

    String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
