package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NgramCountsTest {
    private static NgramCounts words(TextCodec codec, int order) throws IOException {
        try (TokenSequence tokens = codec.encode(TimeMachine.text())) {
            return NgramCounts.of(tokens, codec.vocabulary().size(), order);
        }
    }

    /** The ten most frequent n-grams as the book prints them, n-grams of equal count in the order met. */
    @ParameterizedTest
    @CsvSource({
        "1, the 2261|i 1267|and 1245|of 1155|a 816|to 695|was 552|in 541|that 443|my 440",
        "2, of-the 309|in-the 169|i-had 130|i-was 112|and-the 109|the-time 102|it-was 99|to-the 85|as-i 78|of-a 73",
        "3, the-time-traveller 59|the-time-machine 30|the-medical-man 24|it-seemed-to 16|it-was-a 15|here-and-there 15"
                + "|seemed-to-me 14|i-did-not 14|i-saw-the 13|i-began-to 13"
    })
    void mostFrequentNgramsAreThoseOfTheBook(int order, String expected) throws IOException {
        TextCodec codec = TimeMachine.words(0);
        List<String> found = words(codec, order).top(10).stream()
                .map(ngram -> String.join(
                                "-",
                                codec.vocabulary()
                                        .tokens(ngram.ids().stream()
                                                .mapToInt(Integer::intValue)
                                                .toArray()))
                        + " " + ngram.count())
                .toList();
        assertThat(found).containsExactly(expected.split("\\|"));
    }

    @ParameterizedTest
    @CsvSource({"1, 4579, 2397, 1.04", "2, 20234, 16625, 0.69", "3, 29882, 28251, 0.47"})
    void typesSingletonsAndSlopesAreAsExpected(int order, int types, int singletons, double slope) throws IOException {
        NgramCounts counts = words(TimeMachine.words(0), order);
        assertThat(counts.total()).isEqualTo(32_775 - order + 1);
        assertThat(counts.types()).isEqualTo(types);
        assertThat(counts.singletons()).isEqualTo(singletons);
        assertThat(counts.zipfExponent(10, 1000)).isCloseTo(slope, within(0.01));
    }

    @Test
    void exactPowerLawHasItsExponent() {
        int[] text = IntStream.rangeClosed(1, 60)
                .flatMap(rank -> IntStream.generate(() -> rank - 1).limit(3_600_000 / (60L * rank * rank)))
                .toArray();
        NgramCounts counts = NgramCounts.of(TokenSequence.of(text), 60, 1);
        assertThat(counts.zipfExponent(1, 30)).isCloseTo(2.0, within(0.01));
    }

    @Test
    void ngramsReachAcrossBlocksAndAreCountedOnce() {
        int length = 30_000;
        int[] text = IntStream.range(0, length).toArray();
        for (int order = 1; order <= 3; order++) {
            NgramCounts counts = NgramCounts.of(TokenSequence.of(text), length, order);
            assertThat(counts.total()).isEqualTo(length - order + 1);
            assertThat(counts.types()).isEqualTo(length - order + 1);
        }
        NgramCounts trigrams = NgramCounts.of(TokenSequence.of(text), length, 3);
        for (int i = 0; i + 2 < length; i++) {
            assertThat(trigrams.count(i, i + 1, i + 2)).isEqualTo(1);
        }
        assertThat(trigrams.count(2, 1, 0)).isZero();
    }

    @Test
    void shortTextsHaveNoLongNgrams() {
        NgramCounts counts = NgramCounts.of(TokenSequence.of(1, 0), 2, 3);
        assertThat(counts.total()).isZero();
        assertThat(counts.top(5)).isEmpty();
    }

    @Test
    void wrongSizesAreRefused() {
        TokenSequence text = TokenSequence.of(0, 1, 5);
        assertThatThrownBy(() -> NgramCounts.of(text, 5, 1)).hasMessage("tokens: expected ids from 0 to 4, found 5");
        assertThatThrownBy(() -> NgramCounts.of(text, 6, 4)).hasMessage("order: expected 1 to 3, found 4");
        assertThatThrownBy(() -> NgramCounts.of(text, 1 << 22, 3)).hasMessageContaining("vocabularySize");
        NgramCounts counts = NgramCounts.of(text, 6, 1);
        assertThatThrownBy(() -> counts.count(1, 2)).hasMessage("ids: expected 1, found 2");
        assertThatThrownBy(() -> counts.zipfExponent(1, 4)).hasMessageContaining("ranks from 1 to 3");
    }
}
