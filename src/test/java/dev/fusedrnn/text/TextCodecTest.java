package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TextCodecTest {
    private static final TextSource TEXT = TextSource.text("a.txt", "The cat saw the dog.\nThe dog ran.\n");

    private static List<Tokenizer> tokenizers() {
        return List.of(
                Tokenizer.characters(),
                Tokenizer.words(),
                new WordTokenizer("<eos>"),
                BpeTokenizer.train(Map.of("the", 3L, "dog", 2L), List.of(), 3));
    }

    @ParameterizedTest
    @EnumSource
    void decodingRestoresWhatTheRecipeLeft(Recipe recipe) throws IOException {
        for (Tokenizer tokenizer : tokenizers()) {
            TextCodec codec = TextCodec.build(TEXT, recipe, tokenizer, VocabularyOptions.DEFAULT);
            try (TokenSequence tokens = codec.encode(TEXT)) {
                boolean losesLineEnds = tokenizer.equals(Tokenizer.words());
                assertThat(codec.decode(tokens.toArray()))
                        .as("%s", tokenizer)
                        .isEqualTo(expected(recipe, tokenizer, losesLineEnds));
            }
        }
    }

    /** What was shown of a text stays as it is when more tokens come. */
    @Test
    void tokenByTokenTheTextOnlyGrows() throws IOException {
        TextSource source = TextSource.text("b.txt", "the  \uD83C\uDF0A dog_\n\nthe _ dogs\t海 ");
        for (Tokenizer tokenizer : tokenizers()) {
            TextCodec codec = TextCodec.build(source, Recipe.RAW, tokenizer, VocabularyOptions.DEFAULT);
            try (TokenSequence tokens = codec.encode(source)) {
                int[] ids = tokens.toArray();
                IntFunction<String> decoder = codec.decoder();
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < ids.length; i++) {
                    text.append(decoder.apply(ids[i]));
                    assertThat(text.toString())
                            .as("%d tokens of %s", i + 1, tokenizer)
                            .isEqualTo(codec.decode(Arrays.copyOf(ids, i + 1)));
                }
                assertThat(text).hasSizeGreaterThan(15);
            }
        }
    }

    private static String expected(Recipe recipe, Tokenizer tokenizer, boolean losesLineEnds) {
        boolean words = !(tokenizer instanceof CharTokenizer);
        return switch (recipe) {
            case RAW -> losesLineEnds ? "The cat saw the dog. The dog ran." : "The cat saw the dog.\nThe dog ran.\n";
            case V1 ->
                "the cat saw the dog the dog ran"
                        + (tokenizer instanceof WordTokenizer word ? (word.lineEnd() == null ? "" : "\n") : " ");
            case V017 ->
                words
                        ? "the cat saw the dog the dog ran"
                                + (tokenizer instanceof WordTokenizer word && word.lineEnd() != null ? "\n" : "")
                        : "the cat saw the dogthe dog ran";
            case TRANSLATION ->
                losesLineEnds ? "the cat saw the dog . the dog ran ." : "the cat saw the dog .\nthe dog ran .\n";
            case STAT157 ->
                "the cat saw the dog. the dog ran."
                        + (tokenizer instanceof WordTokenizer word && word.lineEnd() != null ? "\n" : "");
        };
    }

    @Test
    void wholeCodecSurvivesJson() throws IOException {
        for (Tokenizer tokenizer : tokenizers()) {
            TextCodec codec = TextCodec.build(TEXT, Recipe.STAT157, tokenizer, VocabularyOptions.DEFAULT);
            assertThat(TextCodec.fromJson(codec.toJson())).isEqualTo(codec);
        }
        assertThatThrownBy(() -> TextCodec.fromJson("{\"recipe\":\"v1\"}"))
                .hasMessage("text codec: tokenizer is missing");
        assertThatThrownBy(() -> TextCodec.fromJson("{\"recipe\":\"v3\"}")).hasMessageContaining("found 'v3'");
    }

    @Test
    void readsNoFurtherThanAskedFor() throws IOException {
        byte[] good = "abcabc".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        byte[] bad = java.util.Arrays.copyOf(good, 7);
        bad[6] = (byte) 0xFF;
        TextSource text = TextSource.of("bad.txt", () -> new java.io.ByteArrayInputStream(bad));
        TextCodec codec =
                new TextCodec(Recipe.RAW, Tokenizer.characters(), Vocabulary.of(List.of("<unk>", "a", "b", "c")));
        try (TokenSequence tokens = codec.encode(text, 6)) {
            assertThat(tokens.toArray()).containsExactly(1, 2, 3, 1, 2, 3);
        }
        assertThatThrownBy(() -> codec.encode(text)).hasMessageStartingWith("bad.txt: not UTF-8 at byte 6 ");
        assertThatThrownBy(() -> codec.encode(text, 0)).hasMessage("maxTokens: expected at least 1, found 0");
    }

    @Test
    void nothingToLearnFromIsAnErrorThatNamesTheText() throws IOException {
        TextSource digits = TextSource.text("digits.txt", "");
        assertThatThrownBy(
                        () -> TextCodec.build(digits, Recipe.V017, Tokenizer.characters(), VocabularyOptions.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("digits.txt: no tokens: the text is empty, or recipe v017 leaves nothing of it");
        TextCodec codec = TextCodec.build(TEXT, Recipe.V017, Tokenizer.words(), VocabularyOptions.DEFAULT);
        assertThatThrownBy(() -> codec.encode(TextSource.text("digits.txt", "12 34\n")))
                .hasMessageStartingWith("digits.txt: no tokens");
    }

    @Test
    void unknownTokensOfAPromptBecomeUnk() throws IOException {
        TextCodec codec = TextCodec.build(TEXT, Recipe.V1, Tokenizer.words(), VocabularyOptions.DEFAULT);
        assertThat(codec.decode(codec.encode("The bird saw"))).isEqualTo("the <unk> saw");
        assertThat(codec.encode("")).isEmpty();
    }
}
