package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Byte-pair encoding: words are cut into the longest symbols of a learnt list, from left to right (Sennrich et al.
 * 2016, with the greedy longest match of <i>Dive into Deep Learning</i>, "Subword embedding").
 *
 * <p>Each word ends with the end-of-word symbol, {@code _}, alone or as the end of a longer symbol: {@code tallest}
 * becomes {@code tall e s t _}. It stands for the one space before the next word as well; all other white space is a
 * token of its own, and an end-of-word symbol met in the text itself is doubled. So {@link #join} gives back every text
 * exactly. A character that no symbol holds becomes a token of its own, for the vocabulary to call unknown.
 */
public final class BpeTokenizer implements Tokenizer {
    /** The usual end-of-word symbol. */
    public static final int END_OF_WORD = '_';

    static final String KIND = "bpe";

    /** Two symbols that became one, in the order of learning. */
    public record Merge(String left, String right) {
        /** The symbol that came of it. */
        public String symbol() {
            return left + right;
        }
    }

    private final int endOfWord;
    private final List<String> alphabet;
    private final List<String> symbols;
    private final List<Merge> merges;
    private final Set<String> known;
    private final int longest;
    private final String end;
    private final String literalEnd;

    private BpeTokenizer(int endOfWord, Iterable<String> alphabet, List<Merge> merges) {
        this.endOfWord = endOfWord;
        this.end = Character.toString(endOfWord);
        this.literalEnd = end + end;
        this.merges = List.copyOf(merges);
        Set<String> all = new LinkedHashSet<>();
        alphabet.forEach(all::add);
        all.add(end);
        this.alphabet = List.copyOf(all);
        merges.forEach(merge -> all.add(merge.symbol()));
        this.symbols = List.copyOf(all);
        this.known = new HashSet<>(symbols);
        this.longest = symbols.stream().mapToInt(String::length).max().orElse(1);
    }

    /**
     * Learns merges: again and again the most frequent pair of neighbouring symbols becomes one symbol; of equally
     * frequent pairs the one met first, in the order of the words.
     *
     * @param words how often each word occurs, without end-of-word symbol, in a meaningful order
     * @param alphabet symbols to know from the start, beside the characters of the words and the end-of-word symbol
     * @param merges how many to learn; learning stops earlier once each word is a single symbol
     */
    public static BpeTokenizer train(Map<String, Long> words, Iterable<String> alphabet, int merges) {
        if (merges < 0) {
            throw new IllegalArgumentException("merges: expected at least 0, found " + merges);
        }
        Set<String> start = startingSymbols(words, alphabet);
        return new BpeTokenizer(END_OF_WORD, start, new BpeTrainer(words, END_OF_WORD).learn(merges));
    }

    /**
     * Learns from a text until there are {@code size} symbols: with an alphabet of n, the m - n merges that make m.
     *
     * @param size number of symbols wanted; reached unless each word becomes a single symbol before
     */
    public static BpeTokenizer train(TextSource text, Recipe recipe, int size) throws IOException {
        Map<String, Long> words = countWords(text, recipe);
        Set<String> start = startingSymbols(words, List.of());
        if (size < start.size()) {
            throw new IllegalArgumentException("size: expected at least the " + start.size()
                    + " characters of the text and the end of a word, found " + size);
        }
        List<Merge> merges = new BpeTrainer(words, END_OF_WORD).learn(size - start.size());
        return new BpeTokenizer(END_OF_WORD, start, merges);
    }

    private static Map<String, Long> countWords(TextSource text, Recipe recipe) throws IOException {
        TokenCounts counts = new TokenCounts();
        try (TokenStream stream = Tokenizer.words().read(recipe.read(text))) {
            counts.addAll(stream);
        }
        Map<String, Long> words = new LinkedHashMap<>();
        for (TokenCounts.Entry entry : counts.inOrderOfMeeting()) {
            for (String part : splitAtEndOfWord(entry.token())) {
                words.merge(part, entry.count(), Long::sum);
            }
        }
        return words;
    }

    private static List<String> splitAtEndOfWord(String word) {
        List<String> parts = new ArrayList<>(List.of(word.split(Character.toString(END_OF_WORD))));
        parts.removeIf(String::isEmpty);
        return parts;
    }

    private static Set<String> startingSymbols(Map<String, Long> words, Iterable<String> alphabet) {
        Set<String> start = new LinkedHashSet<>();
        alphabet.forEach(start::add);
        for (String word : words.keySet()) {
            word.codePoints().forEach(point -> start.add(Character.toString(point)));
        }
        start.add(Character.toString(END_OF_WORD));
        return start;
    }

    /** The symbols: alphabet and end of word first, then one for each merge that made a new one. */
    public List<String> symbols() {
        return symbols;
    }

    /** The merges in the order of learning. */
    public List<Merge> merges() {
        return merges;
    }

    /** Cuts one word, given without white space and end-of-word symbol, into symbols; the last one ends the word. */
    public List<String> segment(String word) {
        List<String> segments = new ArrayList<>();
        cut(word, segments);
        return segments;
    }

    private void cut(String word, List<String> segments) {
        int from = 0;
        for (int at = word.indexOf(endOfWord); at >= 0; at = word.indexOf(endOfWord, from)) {
            match(word.substring(from, at), segments);
            segments.add(literalEnd);
            from = at + end.length();
        }
        match(word.substring(from) + end, segments);
    }

    private void match(String part, List<String> segments) {
        int from = 0;
        while (from < part.length()) {
            int to = Math.min(part.length(), from + longest);
            while (to > from && !known.contains(part.substring(from, to))) {
                to--;
            }
            if (to == from) {
                to = part.offsetByCodePoints(from, 1);
            }
            segments.add(part.substring(from, to));
            from = to;
        }
    }

    @Override
    public TokenStream read(CodePoints text) {
        return new Segments(text);
    }

    @Override
    public TextJoiner joiner() {
        return new Joiner();
    }

    /** The space that the end of a word stands for is due until it is known that no other white space follows. */
    private final class Joiner implements TextJoiner {
        private boolean spaceDue;

        @Override
        public String add(String token) {
            boolean isSpace = token.codePointCount(0, token.length()) == 1 && CodePoints.isSpace(token.codePointAt(0));
            boolean literal = token.equals(literalEnd);
            boolean ends = !literal && token.endsWith(end);
            String shown = token.substring(0, token.length() - (ends || literal ? end.length() : 0));
            String added = spaceDue && !isSpace ? " " + shown : shown;
            spaceDue = ends;
            return added;
        }
    }

    @Override
    public String toJson() {
        List<String> pairs = new ArrayList<>();
        for (Merge merge : merges) {
            pairs.add(merge.left());
            pairs.add(merge.right());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("kind", KIND);
        fields.put("endOfWord", end);
        fields.put("alphabet", alphabet);
        fields.put("merges", pairs);
        return Json.of(fields).text();
    }

    static BpeTokenizer fromJson(SavedFields fields) {
        String end = fields.string("endOfWord");
        if (end.isEmpty() || end.codePointCount(0, end.length()) != 1 || CodePoints.isSpace(end.codePointAt(0))) {
            throw new IllegalArgumentException(
                    "tokenizer: endOfWord: expected one visible character, found '" + end + "'");
        }
        List<String> pairs = fields.strings("merges");
        if (pairs.size() % 2 != 0) {
            throw new IllegalArgumentException("tokenizer: merges: expected pairs, found " + pairs.size() + " strings");
        }
        List<Merge> merges = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            merges.add(new Merge(pairs.get(i), pairs.get(i + 1)));
        }
        List<String> alphabet = fields.strings("alphabet");
        if (alphabet.contains("") || pairs.contains("")) {
            throw new IllegalArgumentException(
                    "tokenizer: expected symbols of at least one character, found an empty one");
        }
        return new BpeTokenizer(end.codePointAt(0), alphabet, merges);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BpeTokenizer that
                && endOfWord == that.endOfWord
                && symbols.equals(that.symbols)
                && merges.equals(that.merges);
    }

    @Override
    public int hashCode() {
        return 31 * symbols.hashCode() + merges.hashCode();
    }

    @Override
    public String toString() {
        return "BpeTokenizer[" + symbols.size() + " symbols, " + merges.size() + " merges]";
    }

    /** Cuts words when they are complete; one held space is implied by the end of the word before it. */
    private final class Segments implements TokenStream {
        private final CodePoints text;
        private final WordBuffer word = new WordBuffer();
        private final Deque<String> ready = new ArrayDeque<>();
        private final List<String> cuts = new ArrayList<>();
        private boolean spaceHeld;
        private boolean ended;

        Segments(CodePoints text) {
            this.text = text;
        }

        @Override
        public String next() throws IOException {
            while (ready.isEmpty() && !ended) {
                accept(text.next());
            }
            return ready.poll();
        }

        private void accept(int point) {
            boolean visible = point >= 0 && !CodePoints.isSpace(point);
            if (visible) {
                spaceHeld = false;
                word.append(point);
                return;
            }
            boolean wordEnds = !word.isEmpty();
            if (wordEnds) {
                cut(word.take(), cuts);
                ready.addAll(cuts);
                cuts.clear();
            }
            if (point == ' ' && wordEnds) {
                spaceHeld = true;
                return;
            }
            if (spaceHeld) {
                spaceHeld = false;
                ready.add(" ");
            }
            if (point >= 0) {
                ready.add(Character.toString(point));
            }
            ended = point == CodePoints.END;
        }

        @Override
        public void close() throws IOException {
            text.close();
        }
    }
}
