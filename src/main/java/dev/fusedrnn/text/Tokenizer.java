package dev.fusedrnn.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts text into tokens and joins tokens to text. Immutable, and free to be shared between threads.
 *
 * <ul>
 *   <li>{@link CharTokenizer}: every code point is a token. Small vocabulary, long sequences.
 *   <li>{@link WordTokenizer}: what stands between white space is a token. Large vocabulary, short sequences.
 *   <li>{@link BpeTokenizer}: frequent parts of words are tokens, learnt by byte-pair encoding.
 * </ul>
 */
public sealed interface Tokenizer permits CharTokenizer, WordTokenizer, BpeTokenizer {
    /** Cuts a text while it is read. Closing the result closes {@code text}. */
    TokenStream read(CodePoints text);

    /** Joins tokens as {@link #join} does, one after another. */
    TextJoiner joiner();

    /**
     * Joins tokens to text. Characters and BPE restore the text that was cut exactly; words are joined by single
     * spaces, which is exact where a recipe left no other white space.
     */
    default String join(Iterable<String> tokens) {
        TextJoiner joiner = joiner();
        StringBuilder text = new StringBuilder();
        tokens.forEach(token -> text.append(joiner.add(token)));
        return text.toString();
    }

    /** This tokenizer as a JSON object, for {@link #fromJson}. */
    String toJson();

    /** Cuts a short text at once. */
    default List<String> tokenize(String text) {
        List<String> tokens = new ArrayList<>();
        try (TokenStream stream = read(CodePoints.of(text))) {
            for (String token = stream.next(); token != null; token = stream.next()) {
                tokens.add(token);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be read", e);
        }
        return tokens;
    }

    /** Every code point is a token. */
    static Tokenizer characters() {
        return new CharTokenizer();
    }

    /** What stands between white space is a token. */
    static Tokenizer words() {
        return new WordTokenizer();
    }

    /** The tokenizer that {@link #toJson} wrote; anything else is refused. */
    static Tokenizer fromJson(String json) {
        return TokenizerJson.read(SavedFields.parse("tokenizer", json));
    }
}
