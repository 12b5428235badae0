package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenizerTest {
    /** Strings of whole characters: surrogates only in pairs. */
    private static String text(Draw draw) {
        return draw.text(
                30,
                () -> draw.flag()
                        ? draw.oneOf(" ", "  ", "\n", "\t", "\u00a0", "_", "a", "b", "\\", "\uD83D\uDE00", "e\u0301")
                        : draw.character());
    }

    /** Strings of whole characters: surrogates only in pairs. */
    @Test
    void timeMachineHasThePublishedLinesAndWords() throws IOException {
        TokenCounts counts = new TokenCounts();
        try (TokenStream words = Tokenizer.words().read(Recipe.V017.read(TimeMachine.text()))) {
            counts.addAll(words);
        }
        assertThat(counts.total()).isEqualTo(32_775);
        assertThat(counts.types()).isEqualTo(4_579);
        assertThat(counts.count("traveller")).isEqualTo(61);
    }

    @Test
    void charactersAreCodePoints() {
        assertThat(Tokenizer.characters().tokenize("a\u00e9\uD83D\uDE00 "))
                .containsExactly("a", "\u00e9", "\uD83D\uDE00", " ");
    }

    @Test
    void charactersRestoreAnyText() {
        Draw.cases(500, draw -> {
            String text = text(draw);
            Tokenizer characters = Tokenizer.characters();
            assertThat(characters.join(characters.tokenize(text))).isEqualTo(text);
        });
    }

    @Test
    void wordsEndAtAllWhiteSpaceAndAtTheEndOfALine() {
        assertThat(Tokenizer.words().tokenize(" a\u00a0b\n\u2003c\u0085d ")).containsExactly("a", "b", "c", "d");
        assertThat(words(Recipe.V017, "one\ntwo")).containsExactly("one", "two");
        assertThat(Recipe.V017.clean("one\ntwo")).isEqualTo("onetwo");
    }

    private static List<String> words(Recipe recipe, String text) {
        try (TokenStream words = Tokenizer.words().read(recipe.clean(CodePoints.of(text)))) {
            return List.of(words.next(), words.next());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void wordsRestoreTextThatARecipeCleaned() {
        Draw.cases(500, draw -> {
            String text = text(draw);
            String cleaned = Recipe.STAT157.clean(text);
            Tokenizer words = Tokenizer.words();
            assertThat(words.join(words.tokenize(cleaned))).isEqualTo(cleaned);
        });
    }

    @Test
    void lineEndsBecomeTokensWhereAskedFor() {
        Tokenizer words = new WordTokenizer("<eos>");
        assertThat(words.tokenize("a b\n\nc")).containsExactly("a", "b", "<eos>", "<eos>", "c", "<eos>");
        assertThat(words.join(List.of("a", "b", "<eos>", "c", "<eos>"))).isEqualTo("a b\nc\n");
        assertThatThrownBy(() -> new WordTokenizer("a b")).hasMessageContaining("without white space");
    }

    /** The sizes by which everybody knows this data set. */
    @Test
    void pennTreebankHasItsCanonicalSizes() throws IOException {
        assertThat(pennTreebank("train").total()).isEqualTo(929_589);
        assertThat(pennTreebank("train").types()).isEqualTo(10_000);
        assertThat(pennTreebank("valid").total()).isEqualTo(73_760);
        assertThat(pennTreebank("test").total()).isEqualTo(82_430);
    }

    private static TokenCounts pennTreebank(String split) throws IOException {
        String name = "ptb/ptb." + split + ".txt.gz";
        TokenCounts counts = new TokenCounts();
        try (TokenStream words = new WordTokenizer("<eos>").read(new Utf8Reader(name, SharedData.open(name)))) {
            counts.addAll(words);
        }
        return counts;
    }

    @Test
    void wordsWithoutEndAreRefused() {
        String text = "x".repeat(WordBuffer.LONGEST + 1);
        assertThat(Tokenizer.words().tokenize(text.substring(1))).hasSize(1);
        assertThatThrownBy(() -> Tokenizer.words().tokenize(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a word of more than 1048576 characters");
    }

    @Test
    void jsonKeepsTokenizersAndRefusesOthers() {
        for (Tokenizer tokenizer : List.of(Tokenizer.characters(), Tokenizer.words(), new WordTokenizer("<eos>"))) {
            assertThat(Tokenizer.fromJson(tokenizer.toJson())).isEqualTo(tokenizer);
        }
        assertThatThrownBy(() -> Tokenizer.fromJson("{\"kind\":\"sound\"}"))
                .hasMessage("tokenizer: kind: expected char, word or bpe, found 'sound'");
        assertThatThrownBy(() -> Tokenizer.fromJson("[1]")).hasMessage("tokenizer: expected an object, found an array");
        assertThatThrownBy(() -> Tokenizer.fromJson("{\"kind\":"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("tokenizer: not JSON as allowed here: ");
    }
}
