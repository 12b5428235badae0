package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaggedSentenceTest {
    private static List<TaggedSentence> read(String text, int word, int tag) throws IOException {
        return TaggedSentence.columns(TextSource.text("columns", text), StandardCharsets.UTF_8, word, tag);
    }

    @Test
    void columnsAreSeparatedBySpacesOrTabs() throws IOException {
        String text =
                "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n\n  \nPeter\tNNP\tI-NP\tI-PER \r\n";
        assertThat(read(text, 0, -1))
                .containsExactly(
                        new TaggedSentence(List.of("EU", "rejects"), List.of("I-ORG", "O")),
                        new TaggedSentence(List.of("Peter"), List.of("I-PER")));
        assertThat(read(text, 0, 1).get(0).tags()).containsExactly("NNP", "VBZ");
        assertThat(read(text, 0, -1).get(0).in(TagScheme.BIOES).tags()).containsExactly("S-ORG", "O");
    }

    @Test
    void linesThatAreNotAsSaidAreNamed() {
        assertThatThrownBy(() -> read("a O\nb\n", 0, -1))
                .hasMessage("columns: line 2: expected a column for the tag behind the word, found none");
        assertThatThrownBy(() -> read("a O\nb O\n", 0, 3))
                .hasMessage("columns: line 1: expected 4 columns or more, found 2");
        assertThatThrownBy(() -> read("\n\n", 0, 1)).hasMessage("columns: expected at least one sentence, found none");
        assertThatThrownBy(() -> new TaggedSentence(List.of("a"), List.of()))
                .hasMessageContaining("found 1 words and 0 tags");
    }

    @Test
    void dataSetsHaveTheirPublishedSizes() throws IOException {
        SharedData.data("conll2003/eng.train.gz");
        List<TaggedSentence> conll = TaggedSentence.columns(
                TextSource.of("conll", () -> SharedData.open("conll2003/eng.train.gz")), StandardCharsets.UTF_8, 0, -1);
        List<TaggedSentence> wnut = TaggedSentence.columns(
                TextSource.of("wnut", () -> SharedData.open("wnut17/wnut17train.conll.gz")),
                StandardCharsets.UTF_8,
                0,
                -1);

        assertThat(conll).hasSize(14_041);
        assertThat(conll.stream().mapToInt(sentence -> sentence.words().size()).sum())
                .isEqualTo(203_621);
        assertThat(conll.stream()
                        .mapToInt(sentence -> Entity.of(sentence.tags()).size())
                        .sum())
                .as("entities, as the shared task's paper counts them")
                .isEqualTo(7140 + 3438 + 6321 + 6600);
        assertThat(conll.subList(0, 2000)).allSatisfy(sentence -> assertThat(TagScheme.IOB1.convert(sentence.tags()))
                .isEqualTo(sentence.tags()));
        assertThat(wnut).hasSize(3394);
        assertThat(wnut.stream().mapToInt(sentence -> sentence.words().size()).sum())
                .isEqualTo(62_730);
    }

    @Test
    void wordsAreReadInSeveralChannels() {
        TaggedSentence sentence = new TaggedSentence(
                List.of("Paris", "paris", "in", "in", "IBM-360", "7"), List.of("O O O O O O".split(" ")));
        WordFeatures words = WordFeatures.build(List.of(sentence), 2, true);
        int[][] ids = words.encode(List.of("Paris", "PARIS", "IBM-999", "in", "Paraguay"));

        assertThat(ids).hasNumberOfRows(4);
        assertThat(ids[0][0]).isEqualTo(ids[0][1]);
        assertThat(words.vocabulary().tokens(ids[0])).containsExactly("w:paris", "w:paris", "w?", "w:in", "w?");
        assertThat(words.vocabulary().tokens(ids[1])).containsExactly("s?", "s?", "s?", "s:x", "s?");
        assertThat(words.vocabulary().tokens(ids[2])).containsExactly("p:par", "p:par", "p?", "p:in", "p:par");
        assertThat(words.vocabulary().tokens(ids[3])).containsExactly("e:ris", "e:ris", "e?", "e:in", "e?");
        assertThat(WordFeatures.build(List.of(sentence), 1, true).vocabulary().contains("s:X-0"))
                .isTrue();
        assertThat(WordFeatures.fromJson(words.toJson()).encode(sentence.words()))
                .satisfies(again -> assertThat(Arrays.deepEquals(again, words.encode(sentence.words())))
                        .isTrue());
        assertThat(WordFeatures.build(List.of(sentence), 1, false).encode(List.of("x")))
                .hasNumberOfRows(1);
        assertThatThrownBy(() -> WordFeatures.fromJson("{\"spelling\":true,\"vocabulary\":"
                        + Vocabulary.of(List.of("<unk>", "w?")).toJson() + "}"))
                .hasMessageContaining("no token s?");
    }

    @Test
    void aQuestionMarkIsAWordAndNotWhatIsLeftOut() {
        TaggedSentence sentence = new TaggedSentence(List.of("why", "?"), List.of("O", "O"));
        WordFeatures words = WordFeatures.build(List.of(sentence), 1, true);
        int[][] ids = words.encode(List.of("?", "Unknown"));

        for (int channel = 0; channel < words.channels(); channel++) {
            assertThat(ids[channel][0]).as("channel %d", channel).isNotEqualTo(ids[channel][1]);
        }
    }

    /** The vocabulary of many words is longer than any report. */
    @Test
    void aLongVocabularyIsReadAgain() {
        String word = "a".repeat(Json.Limits.DEFAULT.length());
        TaggedSentence sentence = new TaggedSentence(List.of(word), List.of("O"));
        WordFeatures words = WordFeatures.build(List.of(sentence), 1, false);

        assertThat(WordFeatures.fromJson(words.toJson()).encode(List.of(word)))
                .isDeepEqualTo(words.encode(List.of(word)));
    }
}
