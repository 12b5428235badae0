package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Words as token ids in several channels of one vocabulary, whose embeddings a network adds up: the word in lower case with all
 * digits read as 0, and if wanted its spelling: how it is written ({@code Xx}, {@code XX0}, …), its first and its last three
 * characters. Each channel has a token of its own for what is left out. Immutable.
 */
public final class WordFeatures {
    private static final List<String> CHANNELS = List.of("w:", "s:", "p:", "e:");
    /** What is left out of each channel; no word makes one of these, as it would begin with the channel. */
    private static final List<String> OTHERS = List.of("w?", "s?", "p?", "e?");

    private static final int AFFIX = 3;

    private final Vocabulary vocabulary;
    private final boolean spelling;

    private WordFeatures(Vocabulary vocabulary, boolean spelling) {
        this.vocabulary = vocabulary;
        this.spelling = spelling;
        for (int channel = 0; channel < channels(); channel++) {
            if (!vocabulary.contains(OTHERS.get(channel))) {
                throw new IllegalArgumentException("word features: the vocabulary has no token " + OTHERS.get(channel));
            }
        }
    }

    /**
     * Numbers what occurs in sentences.
     *
     * @param minFrequency words and parts that occur less often are left out
     */
    public static WordFeatures build(List<TaggedSentence> sentences, long minFrequency, boolean spelling) {
        TokenCounts counts = new TokenCounts();
        for (TaggedSentence sentence : sentences) {
            for (String word : sentence.words()) {
                for (int channel = 0; channel < (spelling ? CHANNELS.size() : 1); channel++) {
                    counts.add(token(word, channel));
                }
            }
        }
        VocabularyOptions options = VocabularyOptions.DEFAULT
                .withReserved(OTHERS.toArray(String[]::new))
                .withMinFrequency(minFrequency)
                .withOrder(Vocabulary.Order.FREQUENCY);
        return new WordFeatures(Vocabulary.build(counts, options), spelling);
    }

    /** The tokens of all channels. */
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /** Channels of a word. */
    public int channels() {
        return spelling ? CHANNELS.size() : 1;
    }

    /** Token ids of words, [channels][words]. */
    public int[][] encode(List<String> words) {
        int[][] ids = new int[channels()][words.size()];
        for (int channel = 0; channel < ids.length; channel++) {
            int other = vocabulary.id(OTHERS.get(channel));
            for (int t = 0; t < words.size(); t++) {
                String token = token(words.get(t), channel);
                ids[channel][t] = vocabulary.contains(token) ? vocabulary.id(token) : other;
            }
        }
        return ids;
    }

    private static String token(String word, int channel) {
        String plain = word.toLowerCase(Locale.ROOT).replaceAll("\\p{Nd}", "0");
        String part =
                switch (channel) {
                    case 0 -> plain;
                    case 1 -> shape(word);
                    case 2 -> first(plain);
                    default -> last(plain);
                };
        return CHANNELS.get(channel) + part;
    }

    private static String first(String word) {
        return word.substring(0, word.offsetByCodePoints(0, Math.min(AFFIX, word.codePointCount(0, word.length()))));
    }

    private static String last(String word) {
        int count = word.codePointCount(0, word.length());
        return word.substring(word.offsetByCodePoints(0, Math.max(0, count - AFFIX)));
    }

    /** X, x and 0 for letters and digits, others as they are; of equal ones in a row, one. */
    private static String shape(String word) {
        StringBuilder shape = new StringBuilder();
        int before = -1;
        for (int point : word.codePoints().toArray()) {
            int kind = Character.isDigit(point)
                    ? '0'
                    : Character.isUpperCase(point) ? 'X' : Character.isLetter(point) ? 'x' : point;
            if (kind != before) {
                shape.appendCodePoint(kind);
            }
            before = kind;
        }
        return shape.toString();
    }

    /** These features as a JSON object, for {@link #fromJson}. */
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("spelling", spelling);
        fields.put("vocabulary", Json.parse(vocabulary.toJson(), SavedFields.LIMITS));
        return Json.of(fields).text();
    }

    /** The features that {@link #toJson} wrote; anything else is refused. */
    public static WordFeatures fromJson(String json) {
        SavedFields fields = SavedFields.parse("word features", json);
        return new WordFeatures(Vocabulary.fromJson(fields.object("vocabulary")), fields.flag("spelling"));
    }
}
