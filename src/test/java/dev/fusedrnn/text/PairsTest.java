package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sentence pairs, from the file to minibatches, with the published counts of the book "Dive into Deep Learning". */
class PairsTest {
    private static final String FILE = "fraeng/fra.txt.gz";

    private static List<SentencePair> book(int most) throws IOException {
        SharedData.data(FILE);
        return SentencePair.read(TextSource.of(FILE, () -> SharedData.open(FILE)), most);
    }

    private static PairCodec codec(List<SentencePair> pairs, long minFrequency, Vocabulary.Order order)
            throws IOException {
        return PairCodec.build(pairs, Recipe.TRANSLATION, Tokenizer.words(), minFrequency, order);
    }

    @Test
    void marksAreSpacedAndNoBreakSpacesAreSpaces() {
        assertThat(Recipe.TRANSLATION.clean("Courez\u202F!\u00A0 Ah,QUI?.")).isEqualTo("courez !  ah ,qui ? .");
        assertThat(Recipe.TRANSLATION.clean("! Été...")).isEqualTo("! été . . .");
        assertThat(Recipe.TRANSLATION.clean("")).isEmpty();
    }

    @Test
    void wholeFileHasThePublishedPairsAndSourceVocabulary() throws IOException {
        List<SentencePair> pairs = book(Integer.MAX_VALUE);
        assertThat(pairs).hasSize(167_130);
        PairCodec codec = codec(pairs, 2, Vocabulary.Order.FREQUENCY);
        assertThat(codec.source().vocabulary().size()).isEqualTo(10_012);
        assertThat(codec.source().vocabulary().tokens().subList(0, 4))
                .containsExactly("<unk>", "<pad>", "<bos>", "<eos>");
    }

    /** The book counts lines from 0 and takes one more than it asks for. */
    @Test
    void firstVersionHasItsVocabulariesAndArrays() throws IOException {
        List<SentencePair> pairs = book(641);
        PairCodec codec = codec(pairs, 2, Vocabulary.Order.ALPHABETICAL);
        assertThat(codec.source().vocabulary().size()).isEqualTo(194);
        assertThat(codec.target().vocabulary().size()).isEqualTo(214);
        List<EncodedPair> one = List.of(codec.encode(new SentencePair("Hi.", "Salut."), 9));
        PairArrays arrays = PairArrays.of(one, 9, codec);
        assertThat(codec.source().vocabulary().tokens(arrays.sources()))
                .containsExactly("hi", ".", "<eos>", "<pad>", "<pad>", "<pad>", "<pad>", "<pad>", "<pad>");
        assertThat(codec.target().vocabulary().tokens(arrays.inputs()))
                .containsExactly("<bos>", "salut", ".", "<eos>", "<pad>", "<pad>", "<pad>", "<pad>", "<pad>");
        assertThat(codec.target().vocabulary().tokens(Arrays.copyOf(arrays.targets(), 3)))
                .containsExactly("salut", ".", "<eos>");
        assertThat(Arrays.copyOfRange(arrays.targets(), 3, 9)).containsOnly(Minibatches.IGNORED);
        assertThat(arrays.lengths()).containsExactly(3);
        assertThat(arrays.targetCount()).isEqualTo(3);
    }

    @Test
    void longSentencesAreCutOffAndColumnsStandSideBySide() throws IOException {
        List<SentencePair> pairs = List.of(new SentencePair("a b c d", "e"), new SentencePair("d", "e f g h"));
        PairCodec codec = codec(pairs, 0, Vocabulary.Order.FREQUENCY);
        List<EncodedPair> cut =
                pairs.stream().map(pair -> codec.encode(pair, 3)).toList();
        PairArrays arrays = PairArrays.of(cut, 3, codec);
        assertThat(codec.source().vocabulary().tokens(arrays.sources()))
                .containsExactly("a", "d", "b", "<eos>", "c", "<pad>");
        assertThat(codec.target().vocabulary().tokens(arrays.inputs()))
                .containsExactly("<bos>", "<bos>", "e", "e", "<eos>", "f");
        Vocabulary target = codec.target().vocabulary();
        assertThat(arrays.targets())
                .containsExactly(
                        target.id("e"), target.id("e"), target.id("<eos>"), target.id("f"), -1, target.id("g"));
        assertThat(arrays.lengths()).containsExactly(3, 2);
        assertThat(arrays.targetCount()).isEqualTo(5);
        assertThatThrownBy(() -> PairArrays.of(cut, 2, codec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("steps: expected at least the 3 tokens of pair 0, found 2");
        assertThatThrownBy(() -> new EncodedPair(new int[0], new int[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("source: expected at least one token, found none");
    }

    @Test
    void codecReadsWhatItWrote() throws IOException {
        List<SentencePair> pairs = List.of(new SentencePair("Go now.", "Va, va !"));
        PairCodec codec = codec(pairs, 0, Vocabulary.Order.ALPHABETICAL);
        PairCodec again = PairCodec.fromJson(codec.toJson());
        assertThat(again).isEqualTo(codec);
        assertThat(again.decodeTarget(again.encodeTarget("Va va!"))).isEqualTo("va va !");
        TextCodec plain = new TextCodec(Recipe.RAW, Tokenizer.words(), Vocabulary.of(List.of("<unk>", "<pad>")));
        assertThatThrownBy(() -> new PairCodec(plain, codec.target()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("source: expected a vocabulary with <pad> <eos>, found none with <eos>");
    }

    @Test
    void columnsBehindTheSecondAndEmptyLinesArePassedOver() throws IOException {
        TextSource text = TextSource.text("pairs", "Go.\tVa !\tCC-BY\r\n\nHi.\tSalut !");
        assertThat(SentencePair.read(text, 9))
                .containsExactly(new SentencePair("Go.", "Va !"), new SentencePair("Hi.", "Salut !"));
        assertThat(SentencePair.read(text, 1)).hasSize(1);
    }

    @Test
    void badLinesAreNamed() {
        assertThatThrownBy(() -> SentencePair.read(TextSource.text("pairs", "a\tb\n\nonly one side\n"), 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pairs: line 3: expected a source and a target sentence with a tab between them, found"
                        + " 'only one side'");
        assertThatThrownBy(() -> SentencePair.read(TextSource.text("pairs", "a\t \n"), 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line 1");
        assertThatThrownBy(() -> SentencePair.read(TextSource.text("pairs", "\n"), 9))
                .hasMessage("pairs: expected a pair of sentences on each line, found none");
    }
}
