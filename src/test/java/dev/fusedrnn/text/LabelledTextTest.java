package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.SharedData;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelledTextTest {
    private static TextSource text(String text) {
        return TextSource.text("texts", text);
    }

    @Test
    void theFirstWordIsTheClass() throws IOException {
        TextSource trec = text("DESC:manner How did it start ?\n\nENTY:animal What is a : b\n1 fine film");

        assertThat(LabelledText.firstWord(trec, StandardCharsets.UTF_8, false))
                .containsExactly(
                        new LabelledText("DESC", "How did it start ?"),
                        new LabelledText("ENTY", "What is a : b"),
                        new LabelledText("1", "fine film"));
        assertThat(LabelledText.firstWord(trec, StandardCharsets.UTF_8, true).get(0))
                .isEqualTo(new LabelledText("DESC:manner", "How did it start ?"));
    }

    @Test
    void linesMayHoldOtherLineEndsAndTabs() throws IOException {
        String line = "1\t7_8.txt\tgood\tand\u0085odd\u2028text\r\n0\t8_1.txt\tbad";

        assertThat(LabelledText.tabs(text(line), StandardCharsets.UTF_8, 3))
                .containsExactly(new LabelledText("1", "good\tand\u0085odd\u2028text"), new LabelledText("0", "bad"));
    }

    /** As spreadsheets and editors of Windows put it before the first line: else the first class would be one of its own. */
    @Test
    void aByteOrderMarkIsNoPartOfTheFirstLine() throws IOException {
        assertThat(LabelledText.firstWord(text("\ufeffpos a\r\npos \ufeffb\r\n"), StandardCharsets.UTF_8, false))
                .containsExactly(new LabelledText("pos", "a"), new LabelledText("pos", "\ufeffb"));
        assertThat(LabelledText.ofClass(text("x"), StandardCharsets.UTF_8, "a"))
                .containsExactly(new LabelledText("a", "x"));
    }

    @Test
    void charactersAreReadAsSaid() throws IOException {
        byte[] latin = "caf\u00e9 noir \n".getBytes(StandardCharsets.ISO_8859_1);
        TextSource source = TextSource.of("latin", () -> new ByteArrayInputStream(latin));

        assertThat(LabelledText.ofClass(source, StandardCharsets.ISO_8859_1, "neg"))
                .containsExactly(new LabelledText("neg", "caf\u00e9 noir"));
        assertThatThrownBy(() -> LabelledText.ofClass(source, StandardCharsets.UTF_8, "neg"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("latin: not UTF-8 after line 0");
    }

    @Test
    void linesThatAreNotAsSaidAreNamed() {
        assertThatThrownBy(() -> LabelledText.firstWord(text("a b\nalone\n"), StandardCharsets.UTF_8, false))
                .hasMessage("texts: line 2: expected a class, a space and a text, found 'alone'");
        assertThatThrownBy(() -> LabelledText.tabs(text("1\tx"), StandardCharsets.UTF_8, 3))
                .hasMessage("texts: line 1: expected 3 fields separated by tabs, found 2");
        assertThatThrownBy(() -> LabelledText.tabs(text(" \tx"), StandardCharsets.UTF_8, 2))
                .hasMessage("texts: line 1: expected a class in the first field, found none");
        assertThatThrownBy(() -> LabelledText.tabs(text("1\tx"), StandardCharsets.UTF_8, 1))
                .hasMessage("columns: expected at least 2, found 1");
        assertThatThrownBy(() -> LabelledText.ofClass(text("\n"), StandardCharsets.UTF_8, "a"))
                .hasMessage("texts: expected at least one line of text, found none");
    }

    @Test
    void dataSetsHaveTheirPublishedSizes() throws IOException {
        SharedData.data("trec/TREC.train.gz");
        List<LabelledText> trec = LabelledText.firstWord(
                TextSource.of("trec", () -> SharedData.open("trec/TREC.train.gz")), StandardCharsets.ISO_8859_1, true);
        List<LabelledText> negative = LabelledText.ofClass(
                TextSource.of("mr", () -> SharedData.open("mr/rt-polarity.neg.gz")),
                StandardCharsets.ISO_8859_1,
                "neg");
        List<LabelledText> sst = LabelledText.firstWord(
                TextSource.of("sst", () -> SharedData.open("sst/stsa.binary.train.gz")), StandardCharsets.UTF_8, false);

        assertThat(trec).hasSize(5452);
        assertThat(Labels.occurring(trec.stream().map(LabelledText::label).toList())
                        .size())
                .isEqualTo(50);
        assertThat(negative).hasSize(5331);
        assertThat(sst).hasSize(6920).extracting(LabelledText::label).containsOnly("0", "1");
    }

    @Test
    void classesAreNumberedOnce() {
        Labels labels = Labels.occurring(List.of("b", "a", "b"));

        assertThat(labels.names()).containsExactly("a", "b");
        assertThat(labels.id("b")).isEqualTo(1);
        assertThat(Labels.fromJson(labels.toJson())).isEqualTo(labels);
        assertThatThrownBy(() -> labels.id("c")).hasMessage("class must be one of [a, b], found 'c'");
        assertThatThrownBy(() -> Labels.of(List.of("a", "a"))).hasMessage("classes: 'a' occurs twice");
        assertThatThrownBy(() -> Labels.of(List.of())).hasMessage("classes: expected at least one, found none");
    }
}
