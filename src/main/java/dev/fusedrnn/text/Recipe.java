package dev.fusedrnn.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How a text is cleaned before it is cut into tokens. The published results of the book <i>Dive into Deep Learning</i>
 * and of its courses depend on it: three editions clean the same novel in three ways.
 *
 * <p>In {@link #V1} and {@link #V017} a letter is one of A–Z and a–z, as in the book: they are meant for English.
 */
public enum Recipe {
    /** Nothing is changed: case, punctuation, line ends and everything else stay as they are in the file. */
    RAW,

    /** Book v1.0: every run of non-letters in the whole text becomes one space; lower case. One piece. */
    V1,

    /**
     * Book v0.17: in each line every run of non-letters becomes one space, spaces at both ends go, lower case. Lines
     * follow each other without a separator, so that the last word of one and the first of the next touch in a sequence
     * of characters; each line is a piece of its own, so that they are two words in a sequence of words.
     */
    V017,

    /** Course STAT 157: every run of white space becomes one space, none at both ends; lower case; punctuation stays. */
    STAT157,

    /**
     * Sentence pairs of the book's chapters on translation: the no-break spaces U+00A0 and U+202F become spaces, lower case,
     * and a space stands before each of {@code , . ! ?} that has none. All else stays.
     */
    TRANSLATION;

    /** The recipe of a name such as {@code v1}, in any case. */
    public static Recipe of(String name) {
        for (Recipe recipe : values()) {
            if (recipe.id().equals(name.toLowerCase(Locale.ROOT))) {
                return recipe;
            }
        }
        String known = Arrays.stream(values()).map(Recipe::id).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("recipe: expected one of " + known + ", found '" + name + "'");
    }

    /** The name in lower case, as {@link #of} takes it. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Cleans a text while it is read. Closing the result closes {@code text}. */
    public CodePoints clean(CodePoints text) {
        return switch (this) {
            case RAW -> text;
            case V1 -> new Cleaners.Letters(text);
            case V017 -> new Cleaners.LinesOfLetters(text);
            case STAT157 -> new Cleaners.Collapsed(text);
            case TRANSLATION -> new Cleaners.SpacedMarks(text);
        };
    }

    /** Opens a text and cleans it while it is read. */
    public CodePoints read(TextSource source) throws IOException {
        return clean(source.read());
    }

    /** Cleans a short text at once; pieces are joined without a separator. */
    public String clean(String text) {
        StringBuilder cleaned = new StringBuilder(text.length());
        CodePoints points = clean(CodePoints.of(text));
        try {
            for (int next = points.next(); next != CodePoints.END; next = points.next()) {
                if (next != CodePoints.PIECE_END) {
                    cleaned.appendCodePoint(next);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be read", e);
        }
        return cleaned.toString();
    }
}
