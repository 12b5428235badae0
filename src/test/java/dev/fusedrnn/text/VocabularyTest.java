package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.testing.Draw;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VocabularyTest {
    private static final String[] LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");

    private static TokenCounts counts(String... tokens) {
        TokenCounts counts = new TokenCounts();
        for (String token : tokens) {
            counts.add(token);
        }
        return counts;
    }

    @Test
    void versionOneNumbersCharactersAlphabetically() throws IOException {
        TextCodec codec =
                TextCodec.build(TimeMachine.text(), Recipe.V1, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        assertThat(codec.vocabulary().size()).isEqualTo(28);
        assertThat(codec.encode("the time m")).containsExactly(21, 9, 6, 0, 21, 10, 14, 6, 0, 14);
        assertThat(codec.vocabulary().unknownId()).isEqualTo(1);
    }

    @Test
    void versionZeroNumbersWordsByFallingFrequency() throws IOException {
        Vocabulary vocabulary = TimeMachine.words(0).vocabulary();
        assertThat(vocabulary.tokens(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
                .containsExactly("<unk>", "the", "i", "and", "of", "a", "to", "was", "in", "that");
    }

    @ParameterizedTest
    @CsvSource({"0, 4580", "2, 2183", "5, 825", "10, 400"})
    void rareWordsAreLeftOut(long minFrequency, int size) throws IOException {
        Vocabulary vocabulary = TimeMachine.words(minFrequency).vocabulary();
        assertThat(vocabulary.size()).isEqualTo(size);
        assertThat(vocabulary.contains("recondite")).isEqualTo(minFrequency < 2);
    }

    @Test
    void unknownAndReservedTokensComeFirstByFrequencyAndOnlyOnce() {
        VocabularyOptions options =
                VocabularyOptions.DEFAULT.withOrder(Vocabulary.Order.FREQUENCY).withReserved("<pad>", "<eos>");
        Vocabulary vocabulary = Vocabulary.build(counts("b", "a", "<unk>", "<eos>", "c", "c", "a"), options);
        assertThat(vocabulary.tokens()).containsExactly("<unk>", "<pad>", "<eos>", "a", "c", "b");
    }

    @Test
    void alphabeticalOrderIsThatOfCodePoints() {
        // UTF-16 units would put the pair (D83D ...) before U+FF01.
        Vocabulary vocabulary = Vocabulary.build(
                counts("\uD83D\uDE00", "\uFF01", "a", "ab", "A"), VocabularyOptions.DEFAULT.withReserved("<pad>"));
        assertThat(vocabulary.tokens()).containsExactly("<pad>", "<unk>", "A", "a", "ab", "\uFF01", "\uD83D\uDE00");
    }

    @Test
    void limitKeepsTheMostFrequentTokens() {
        VocabularyOptions options =
                VocabularyOptions.DEFAULT.withReserved("<pad>").withMaxSize(4);
        TokenCounts counts = counts("z", "y", "y", "x", "x", "x");
        assertThat(Vocabulary.build(counts, options).tokens()).containsExactly("<pad>", "<unk>", "x", "y");
        assertThatThrownBy(() -> options.withMaxSize(1))
                .hasMessage("maxSize: expected at least the 2 tokens that are always in, found 1");
        assertThatThrownBy(() -> options.withMinFrequency(-1)).hasMessageContaining("minFrequency");
        assertThatThrownBy(() -> options.withReserved("a", "a")).hasMessageContaining("different tokens");
    }

    @Test
    void looksUpBothWaysAndRefusesNumbersOutside() {
        Vocabulary vocabulary = Vocabulary.of(List.of("a", "<unk>", "b"));
        assertThat(vocabulary.ids(List.of("b", "?", "a"))).containsExactly(2, 1, 0);
        assertThat(vocabulary.contains("?")).isFalse();
        assertThatThrownBy(() -> vocabulary.token(3)).hasMessage("id: expected 0 to 2, found 3");
        assertThatThrownBy(() -> vocabulary.token(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyTokenComesBackFromItsNumber() {
        Draw.cases(200, draw -> {
            List<String> tokens = draw.list(1, 60, () -> draw.text(6, () -> draw.oneOf(LETTERS)));
            boolean falling = draw.flag();
            Vocabulary.Order order = falling ? Vocabulary.Order.FREQUENCY : Vocabulary.Order.ALPHABETICAL;
            Vocabulary vocabulary =
                    Vocabulary.build(counts(tokens.toArray(String[]::new)), VocabularyOptions.DEFAULT.withOrder(order));
            for (String token : tokens) {
                assertThat(vocabulary.token(vocabulary.id(token))).isEqualTo(token);
            }
            assertThat(Vocabulary.fromJson(vocabulary.toJson())).isEqualTo(vocabulary);
        });
    }

    @Test
    void fileKeepsEveryToken(@TempDir Path folder) throws IOException {
        Vocabulary vocabulary = Vocabulary.of(List.of("<unk>", "\n", "\"", "\uD83D\uDE00", "\u0000", " ", ""));
        Path file = folder.resolve("vocabulary.json");
        vocabulary.save(file);
        assertThat(Vocabulary.load(file)).isEqualTo(vocabulary);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    /** The limit of reports does not hold for vocabularies. */
    @Test
    void longVocabulariesSurvive() {
        List<String> tokens = new ArrayList<>(List.of("<unk>"));
        for (int i = 0; i < 17; i++) {
            tokens.add("x".repeat((1 << 20) - i));
        }
        Vocabulary vocabulary = Vocabulary.of(tokens);
        assertThat(vocabulary.toJson().length()).isGreaterThan(Json.Limits.DEFAULT.length());
        assertThat(Vocabulary.fromJson(vocabulary.toJson()).equals(vocabulary)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"kind\":\"vocabulary\",\"tokens\":[\"a\"]} | expected a token <unk>",
                "{\"kind\":\"vocabulary\",\"tokens\":[\"<unk>\",\"a\",\"a\"]} | token 'a' occurs twice",
                "{\"kind\":\"vocabulary\",\"tokens\":[\"<unk>\",7]} | tokens[1]: expected a string, found a whole number",
                "{\"kind\":\"vocabulary\",\"tokens\":\"<unk>\"} | tokens: expected an array, found a string",
                "{\"kind\":\"char\"} | kind: expected vocabulary, found 'char'",
                "{\"kind\":\"vocabulary\",\"tokens\":[\"<unk>\" | not JSON",
                "{\"kind\":\"vocabulary\",\"tokens\":[\"<unk>\"]} x | not JSON",
                "{\"kind\":[[[[[[[[[[\"deep\"]]]]]]]]]]} | nesting depth (9)",
                "{\"kind\":\"vocabulary\",\"tokens\":[\"<unk>\",\"\\uD83D\"]} | half of a surrogate pair"
            })
    void damagedFileIsRefusedByName(String json, String why, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("vocabulary.json");
        Files.writeString(file, json);
        assertThatThrownBy(() -> Vocabulary.load(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file + ": vocabulary")
                .hasMessageContaining(why);
    }
}
