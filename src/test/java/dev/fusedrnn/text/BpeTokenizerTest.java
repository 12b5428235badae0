package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BpeTokenizerTest {
    /** What texts are drawn of: parts of known words, end-of-word symbols, white space and characters outside the alphabet. */
    private static final String[] PARTS = {
        "fast", "tall", "er", "_", " ", "  ", "\n", "\u00a0", "x", "\uD83D\uDE00", "\\"
    };

    private static final List<String> LETTERS =
            IntStream.rangeClosed('a', 'z').mapToObj(Character::toString).toList();

    private static Map<String, Long> wordsOfTheBook() {
        Map<String, Long> words = new LinkedHashMap<>();
        words.put("fast", 4L);
        words.put("faster", 3L);
        words.put("tall", 5L);
        words.put("taller", 4L);
        return words;
    }

    private static List<String> pairs(BpeTokenizer tokenizer) {
        return tokenizer.merges().stream()
                .map(merge -> merge.left() + " " + merge.right())
                .toList();
    }

    @Test
    void learnsTheMergesOfTheBook() {
        BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), LETTERS, 10);
        assertThat(pairs(tokenizer))
                .containsExactly("t a", "ta l", "tal l", "f a", "fa s", "fas t", "e r", "er _", "tall _", "fast _");
        assertThat(tokenizer.symbols()).hasSize(26 + 1 + 10);
    }

    @Test
    void segmentsAsTheBook() {
        BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), LETTERS, 10);
        assertThat(tokenizer.segment("tallest")).containsExactly("tall", "e", "s", "t", "_");
        assertThat(tokenizer.segment("fatter")).containsExactly("fa", "t", "t", "er_");
    }

    @Test
    void unknownCharactersStandAlone() {
        BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), List.of(), 10);
        assertThat(tokenizer.segment("tall\uD83D\uDE00er")).containsExactly("tall", "\uD83D\uDE00", "er_");
    }

    @Test
    void whiteSpaceAndTheEndSymbolItselfAreKept() {
        BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), LETTERS, 10);
        List<String> tokens = tokenizer.tokenize("fast tall\n  a_b ");
        assertThat(tokens).containsExactly("fast_", "tall_", "\n", " ", " ", "a", "__", "b", "_", " ");
        assertThat(tokenizer.join(tokens)).isEqualTo("fast tall\n  a_b ");
    }

    @Test
    void restoresAnyText() {
        Draw.cases(1000, draw -> {
            String text = draw.text(25, () -> draw.oneOf(PARTS));
            BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), LETTERS, 10);
            assertThat(tokenizer.join(tokenizer.tokenize(text))).isEqualTo(text);
        });
    }

    /** The incremental counts and the queue against a search through all words for every merge. */
    @Test
    void learnsWhatASearchThroughAllWordsFinds() {
        Draw.cases(300, draw -> {
            List<String> list =
                    draw.list(1, 12, () -> String.join("", draw.list(1, 7, () -> draw.oneOf("a", "b", "c"))));
            Map<String, Long> words = new LinkedHashMap<>();
            list.forEach(word -> words.merge(word, 1L, Long::sum));
            assertThat(pairs(BpeTokenizer.train(words, List.of(), 40))).isEqualTo(searchedMerges(words, 40));
        });
    }

    private static List<String> searchedMerges(Map<String, Long> words, int merges) {
        Map<List<String>, Long> segmented = new LinkedHashMap<>();
        words.forEach((word, count) ->
                segmented.put((word + "_").chars().mapToObj(Character::toString).toList(), count));
        List<String> learnt = new ArrayList<>();
        Map<List<String>, Long> now = segmented;
        while (learnt.size() < merges) {
            Map<String, Long> pairs = new LinkedHashMap<>();
            now.forEach((symbols, count) -> {
                for (int i = 0; i + 1 < symbols.size(); i++) {
                    pairs.merge(symbols.get(i) + " " + symbols.get(i + 1), count, Long::sum);
                }
            });
            if (pairs.isEmpty()) {
                break;
            }
            long most = pairs.values().stream().max(Long::compare).orElseThrow();
            String best = pairs.keySet().stream()
                    .filter(pair -> pairs.get(pair) == most)
                    .findFirst()
                    .orElseThrow();
            learnt.add(best);
            Map<List<String>, Long> next = new LinkedHashMap<>();
            now.forEach((symbols, count) -> next.put(joined(symbols, best), count));
            now = next;
        }
        return learnt;
    }

    private static List<String> joined(List<String> symbols, String pair) {
        List<String> result = new ArrayList<>();
        for (int i = 0; i < symbols.size(); i++) {
            if (i + 1 < symbols.size() && (symbols.get(i) + " " + symbols.get(i + 1)).equals(pair)) {
                result.add(symbols.get(i) + symbols.get(++i));
            } else {
                result.add(symbols.get(i));
            }
        }
        return result;
    }

    @Test
    void learnsFromABookAndRestoresIt() throws IOException {
        TextSource book = TimeMachine.text();
        BpeTokenizer tokenizer = BpeTokenizer.train(book, Recipe.RAW, 1000);
        assertThat(tokenizer.symbols()).hasSize(1000).contains("the_", "Time_");
        String text = new String(book.open().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        List<String> tokens = tokenizer.tokenize(text);
        assertThat(tokenizer.join(tokens)).isEqualTo(text);
        assertThat(tokens).hasSizeLessThan(text.length() * 2 / 5);
        TextCodec codec = TextCodec.build(book, Recipe.RAW, tokenizer, VocabularyOptions.DEFAULT);
        assertThat(codec.decode(codec.encode(text))).isEqualTo(text);
    }

    @Test
    void sizeBelowTheAlphabetIsRefused() {
        TextSource text = TextSource.text("abc.txt", "abc abd");
        assertThatThrownBy(() -> BpeTokenizer.train(text, Recipe.RAW, 4))
                .hasMessage("size: expected at least the 5 characters of the text and the end of a word, found 4");
        assertThatThrownBy(() -> BpeTokenizer.train(wordsOfTheBook(), LETTERS, -1))
                .hasMessage("merges: expected at least 0, found -1");
        assertThatThrownBy(() -> BpeTokenizer.train(Map.of("a_", 1L), LETTERS, 1))
                .hasMessageContaining("expected words without '_'");
    }

    @Test
    void jsonKeepsAllOfIt() {
        BpeTokenizer tokenizer = BpeTokenizer.train(wordsOfTheBook(), List.of("\uD83D\uDE00", "\"", "_", "z"), 10);
        BpeTokenizer read = (BpeTokenizer) Tokenizer.fromJson(tokenizer.toJson());
        assertThat(read).isEqualTo(tokenizer);
        assertThat(read.segment("tallest")).isEqualTo(tokenizer.segment("tallest"));
    }

    @Test
    void damagedJsonIsRefused() {
        String start = "{\"kind\":\"bpe\",\"endOfWord\":";
        assertThatThrownBy(() -> Tokenizer.fromJson(start + "\"ab\",\"alphabet\":[],\"merges\":[]}"))
                .hasMessageContaining("endOfWord: expected one visible character");
        assertThatThrownBy(() -> Tokenizer.fromJson(start + "\"_\",\"alphabet\":[],\"merges\":[\"a\"]}"))
                .hasMessageContaining("merges: expected pairs");
        assertThatThrownBy(() -> Tokenizer.fromJson(start + "\"_\",\"alphabet\":[\"\"],\"merges\":[]}"))
                .hasMessageContaining("found an empty one");
        assertThatThrownBy(() -> Tokenizer.fromJson(start + "\"_\",\"merges\":[]}"))
                .hasMessageContaining("tokenizer: alphabet is missing");
    }
}
