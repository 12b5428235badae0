package dev.fusedrnn.text;

import dev.fusedrnn.io.AtomicFile;
import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Numbers tokens from 0 to {@link #size()} - 1. {@code <unk>} is always one of them and stands for every token that is
 * not. Immutable, and free to be shared between threads.
 */
public final class Vocabulary {
    /** The token that stands for all tokens left out. */
    public static final String UNKNOWN = "<unk>";

    /** How tokens are numbered. A saved model is useless with the other order. */
    public enum Order {
        /** By code points, {@code <unk>} and reserved tokens among the others: book v1.0. */
        ALPHABETICAL,
        /** {@code <unk>} is 0, then the reserved tokens, then by falling frequency, ties as met: book v0.17. */
        FREQUENCY
    }

    private static final Comparator<String> BY_CODE_POINT = Vocabulary::compareCodePoints;

    private final List<String> tokens;
    private final Map<String, Integer> ids;
    private final int unknown;

    private Vocabulary(List<String> tokens) {
        this.tokens = List.copyOf(tokens);
        this.ids = new HashMap<>(2 * tokens.size());
        for (String token : this.tokens) {
            checkWellFormed(token);
            if (ids.put(token, ids.size()) != null) {
                throw new IllegalArgumentException("vocabulary: token '" + token + "' occurs twice");
            }
        }
        Integer id = ids.get(UNKNOWN);
        if (id == null) {
            throw new IllegalArgumentException("vocabulary: expected a token " + UNKNOWN + ", found none");
        }
        this.unknown = id;
    }

    /** A vocabulary of exactly these tokens in this order; {@code <unk>} must be one of them. */
    public static Vocabulary of(List<String> tokens) {
        return new Vocabulary(tokens);
    }

    /** Chooses and numbers the tokens of a text. */
    public static Vocabulary build(TokenCounts counts, VocabularyOptions options) {
        Set<String> chosen = new LinkedHashSet<>();
        chosen.add(UNKNOWN);
        chosen.addAll(options.reserved());
        for (TokenCounts.Entry entry : counts.byFrequency()) {
            if (entry.count() < options.minFrequency() || chosen.size() == options.maxSize()) {
                break;
            }
            chosen.add(entry.token());
        }
        List<String> tokens = new ArrayList<>(chosen);
        if (options.order() == Order.ALPHABETICAL) {
            tokens.sort(BY_CODE_POINT);
        }
        return new Vocabulary(tokens);
    }

    /** Number of tokens. */
    public int size() {
        return tokens.size();
    }

    /** The number of a token, or {@link #unknownId()} for a token that is not in. */
    public int id(String token) {
        Integer id = ids.get(token);
        return id == null ? unknown : id;
    }

    /** The token of a number. */
    public String token(int id) {
        if (id < 0 || id >= tokens.size()) {
            throw new IllegalArgumentException("id: expected 0 to " + (tokens.size() - 1) + ", found " + id);
        }
        return tokens.get(id);
    }

    /** Whether a token has a number of its own. */
    public boolean contains(String token) {
        return ids.containsKey(token);
    }

    /** The number of {@code <unk>}. */
    public int unknownId() {
        return unknown;
    }

    /** The numbers of several tokens. */
    public int[] ids(List<String> several) {
        return several.stream().mapToInt(this::id).toArray();
    }

    /** The tokens of several numbers. */
    public List<String> tokens(int... several) {
        List<String> found = new ArrayList<>(several.length);
        for (int id : several) {
            found.add(token(id));
        }
        return found;
    }

    /** All tokens in the order of their numbers. */
    public List<String> tokens() {
        return tokens;
    }

    /** This vocabulary as a JSON object, for {@link #fromJson}. */
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("kind", "vocabulary");
        fields.put("tokens", tokens);
        return Json.of(fields).text();
    }

    /** The vocabulary that {@link #toJson} wrote; anything else is refused. */
    public static Vocabulary fromJson(String json) {
        return fromJson(SavedFields.parse("vocabulary", json));
    }

    static Vocabulary fromJson(SavedFields fields) {
        String kind = fields.string("kind");
        if (!kind.equals("vocabulary")) {
            throw new IllegalArgumentException("vocabulary: kind: expected vocabulary, found '" + kind + "'");
        }
        return new Vocabulary(fields.strings("tokens"));
    }

    /** Writes {@link #toJson} to a file, which holds either the old content or all of the new one. */
    public void save(Path file) throws IOException {
        AtomicFile.write(file, toJson());
    }

    /** Reads a file that {@link #save} wrote; the message of a refusal names the file. */
    public static Vocabulary load(Path file) throws IOException {
        try {
            return fromJson(Files.readString(file));
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException(file + ": vocabulary: not UTF-8", e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Vocabulary that && tokens.equals(that.tokens);
    }

    @Override
    public int hashCode() {
        return tokens.hashCode();
    }

    @Override
    public String toString() {
        return "Vocabulary[" + size() + " tokens]";
    }

    private static void checkWellFormed(String token) {
        if (token.codePoints()
                .anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)) {
            throw new IllegalArgumentException("vocabulary: a token holds half of a surrogate pair");
        }
    }

    private static int compareCodePoints(String left, String right) {
        int at = 0;
        while (at < left.length() && at < right.length()) {
            int a = left.codePointAt(at);
            int b = right.codePointAt(at);
            if (a != b) {
                return Integer.compare(a, b);
            }
            at += Character.charCount(a);
        }
        return Integer.compare(left.length(), right.length());
    }
}
