package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;

/**
 * Recipe, tokenizer and vocabulary together: what turns text into ids and ids into text. Belongs into every saved
 * language model ({@link #toJson}). Immutable, and free to be shared between threads.
 *
 * @param recipe how text is cleaned
 * @param tokenizer how it is cut
 * @param vocabulary how tokens are numbered
 */
public record TextCodec(Recipe recipe, Tokenizer tokenizer, Vocabulary vocabulary) {
    /** Checks that nothing is missing. */
    public TextCodec {
        Objects.requireNonNull(recipe, "recipe");
        Objects.requireNonNull(tokenizer, "tokenizer");
        Objects.requireNonNull(vocabulary, "vocabulary");
    }

    /**
     * Reads a text once and numbers the tokens found in it.
     *
     * @throws IllegalArgumentException if the text is not UTF-8, or cleaning leaves nothing of it
     */
    public static TextCodec build(TextSource text, Recipe recipe, Tokenizer tokenizer, VocabularyOptions options)
            throws IOException {
        TokenCounts counts = new TokenCounts();
        try (TokenStream stream = tokenizer.read(recipe.read(text))) {
            counts.addAll(stream);
        }
        if (counts.total() == 0) {
            throw nothingLeft(text, recipe);
        }
        return new TextCodec(recipe, tokenizer, Vocabulary.build(counts, options));
    }

    /** Numbers all tokens of a text. The caller closes the sequence. */
    public TokenSequence encode(TextSource text) throws IOException {
        return encode(text, Long.MAX_VALUE);
    }

    /**
     * Numbers the first tokens of a text and reads no further. The caller closes the sequence.
     *
     * @param maxTokens most tokens to take
     * @throws IllegalArgumentException if the text is not UTF-8, or cleaning leaves nothing of it
     */
    public TokenSequence encode(TextSource text, long maxTokens) throws IOException {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens: expected at least 1, found " + maxTokens);
        }
        try (TokenStream stream = tokenizer.read(recipe.read(text));
                TokenWriter writer = new TokenWriter()) {
            while (writer.size() < maxTokens) {
                String token = stream.next();
                if (token == null) {
                    break;
                }
                writer.add(vocabulary.id(token));
            }
            if (writer.size() == 0) {
                throw nothingLeft(text, recipe);
            }
            return writer.finish();
        }
    }

    /** Cleans, cuts and numbers a short text, such as a prompt; may be empty. */
    public int[] encode(String text) {
        return vocabulary.ids(tokenizer.tokenize(recipe.clean(text)));
    }

    /** The text of token ids. */
    public String decode(int... ids) {
        return tokenizer.join(vocabulary.tokens(ids));
    }

    /** What each of a sequence of token ids adds to their text, which is that of {@link #decode}; to be called in order. */
    public IntFunction<String> decoder() {
        TextJoiner joiner = tokenizer.joiner();
        return id -> joiner.add(vocabulary.token(id));
    }

    /** All three parts as one JSON object, for {@link #fromJson}. */
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("recipe", recipe.id());
        fields.put("tokenizer", Json.parse(tokenizer.toJson(), SavedFields.LIMITS));
        fields.put("vocabulary", Json.parse(vocabulary.toJson(), SavedFields.LIMITS));
        return Json.of(fields).text();
    }

    /** The codec that {@link #toJson} wrote; anything else is refused. */
    public static TextCodec fromJson(String json) {
        return fromJson(SavedFields.parse("text codec", json));
    }

    static TextCodec fromJson(SavedFields fields) {
        return new TextCodec(
                Recipe.of(fields.string("recipe")),
                TokenizerJson.read(fields.object("tokenizer")),
                Vocabulary.fromJson(fields.object("vocabulary")));
    }

    private static IllegalArgumentException nothingLeft(TextSource text, Recipe recipe) {
        return new IllegalArgumentException(
                text.name() + ": no tokens: the text is empty, or recipe " + recipe.id() + " leaves nothing of it");
    }
}
