package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What turns sentence pairs into ids and ids into sentences: a codec for each side. Belongs into every saved translation
 * model ({@link #toJson}). Immutable, and free to be shared between threads.
 *
 * @param source of what is translated; knows {@link #PADDING} and {@link #END}
 * @param target of translations; knows {@link #PADDING}, {@link #BEGIN} and {@link #END}
 */
public record PairCodec(TextCodec source, TextCodec target) {
    /** Fills up sentences. */
    public static final String PADDING = "<pad>";

    /** What the decoder reads before the first word. */
    public static final String BEGIN = "<bos>";

    /** What follows the last word, on both sides. */
    public static final String END = "<eos>";

    /** Checks that both vocabularies have the marks they need. */
    public PairCodec {
        require("source", source, PADDING, END);
        require("target", target, PADDING, BEGIN, END);
    }

    /**
     * Counts the tokens of both sides and numbers them. In the order of the book's version 0.17 the source has a {@link #BEGIN}
     * too, as there, though nothing reads it.
     *
     * @param minFrequency tokens that occur less often on their side read as {@code <unk>}
     * @param order of the ids: {@link Vocabulary.Order#FREQUENCY} in the book's version 0.17, {@link
     *     Vocabulary.Order#ALPHABETICAL} in 1.0
     */
    public static PairCodec build(
            List<SentencePair> pairs, Recipe recipe, Tokenizer tokenizer, long minFrequency, Vocabulary.Order order)
            throws IOException {
        VocabularyOptions options =
                VocabularyOptions.DEFAULT.withMinFrequency(minFrequency).withOrder(order);
        VocabularyOptions all = options.withReserved(PADDING, BEGIN, END);
        VocabularyOptions used = order == Vocabulary.Order.FREQUENCY ? all : options.withReserved(PADDING, END);
        return new PairCodec(
                codec(pairs, SentencePair::source, recipe, tokenizer, used),
                codec(pairs, SentencePair::target, recipe, tokenizer, all));
    }

    private static TextCodec codec(
            List<SentencePair> pairs,
            Function<SentencePair, String> side,
            Recipe recipe,
            Tokenizer tokenizer,
            VocabularyOptions options)
            throws IOException {
        TokenCounts counts = new TokenCounts();
        for (SentencePair pair : pairs) {
            try (TokenStream tokens = tokenizer.read(recipe.clean(CodePoints.of(side.apply(pair))))) {
                counts.addAll(tokens);
            }
        }
        return new TextCodec(recipe, tokenizer, Vocabulary.build(counts, options));
    }

    /** Ids of a pair, each side with {@link #END} behind it, cut off behind {@code steps} tokens. */
    public EncodedPair encode(SentencePair pair, int steps) {
        return new EncodedPair(encodeSource(pair.source()), encodeTarget(pair.target())).cut(steps);
    }

    /** Ids of what is translated, with {@link #END} behind them. */
    public int[] encodeSource(String sentence) {
        return ended(source, sentence);
    }

    /** Ids of a translation, with {@link #END} behind them. */
    public int[] encodeTarget(String sentence) {
        return ended(target, sentence);
    }

    /** The text of a translation's ids up to the first {@link #END}. */
    public String decodeTarget(int... ids) {
        int end = target.vocabulary().id(END);
        int length = 0;
        while (length < ids.length && ids[length] != end) {
            length++;
        }
        return target.decode(Arrays.copyOf(ids, length));
    }

    private static int[] ended(TextCodec codec, String sentence) {
        int[] ids = codec.encode(sentence);
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = codec.vocabulary().id(END);
        return ended;
    }

    /** Both codecs as one JSON object, for {@link #fromJson}. */
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("source", Json.parse(source.toJson(), SavedFields.LIMITS));
        fields.put("target", Json.parse(target.toJson(), SavedFields.LIMITS));
        return Json.of(fields).text();
    }

    /** The codec that {@link #toJson} wrote; anything else is refused. */
    public static PairCodec fromJson(String json) {
        SavedFields fields = SavedFields.parse("pair codec", json);
        return new PairCodec(TextCodec.fromJson(fields.object("source")), TextCodec.fromJson(fields.object("target")));
    }

    private static void require(String side, TextCodec codec, String... marks) {
        for (String mark : marks) {
            if (!codec.vocabulary().contains(mark)) {
                throw new IllegalArgumentException(
                        side + ": expected a vocabulary with " + String.join(" ", marks) + ", found none with " + mark);
            }
        }
    }
}
