package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Both kinds of BLEU against values computed by hand. */
class BleuTest {
    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" "));
    }

    private static double book(String prediction, String label) {
        return SentenceBleu.of(words(prediction), words(label), 2);
    }

    /** The example of the book: label A B C D E F, prediction A B B C D. */
    @Test
    void bookWeighsLongerRunsMore() {
        double p1 = 4.0 / 5;
        double p2 = 3.0 / 4;
        assertThat(book("A B B C D", "A B C D E F"))
                .isCloseTo(Math.exp(1 - 6.0 / 5) * Math.sqrt(p1) * Math.pow(p2, 0.25), within(1e-15));
        double p3 = 1.0 / 3;
        assertThat(SentenceBleu.of(words("A B B C D"), words("A B C D E F"), 3))
                .isCloseTo(book("A B B C D", "A B C D E F") * Math.pow(p3, 0.125), within(1e-15));
        assertThat(SentenceBleu.of(words("A B B C D"), words("A B C D E F"), 4)).isZero();
    }

    @Test
    void bookCountsNoRunTwiceAndShortPredictionsForWhatTheyHave() {
        assertThat(book("va !", "va !")).isEqualTo(1);
        assertThat(book("va va va", "va !")).isCloseTo(0, within(0.0));
        assertThat(SentenceBleu.of(words("va va va"), words("va !"), 1)).isCloseTo(Math.sqrt(1.0 / 3), within(1e-15));
        assertThat(book("va", "va !")).isCloseTo(Math.exp(-1), within(1e-15));
        assertThat(book("", "va !")).isZero();
        assertThatThrownBy(() -> SentenceBleu.of(words("a"), words("a"), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("k must be 1 or more, found 0");
    }

    /** Papineni's example of a repeated word: 2 of 7, as one reference has it twice. */
    @Test
    void runsCountAsOftenAsInTheReferenceThatHasThemMost() {
        CorpusBleu bleu = new CorpusBleu();
        bleu.add(
                words("the the the the the the the"),
                List.of(words("the cat is on the mat"), words("there is a cat on the mat")));
        // Runs 7, 6, 5, 4 with 2, 0, 0, 0 matches; no penalty, 7 being as long as the closer reference.
        assertThat(bleu.score(CorpusBleu.Smoothing.NONE)).isZero();
        assertThat(bleu.score(CorpusBleu.Smoothing.EXP))
                .isCloseTo(100 * Math.pow(2.0 / 7 / (2 * 6) / (4 * 5) / (8 * 4), 0.25), within(1e-12));
        assertThat(bleu.score(CorpusBleu.Smoothing.FLOOR))
                .isCloseTo(100 * Math.pow(2.0 / 7 * 0.1 / 6 * 0.1 / 5 * 0.1 / 4, 0.25), within(1e-12));
        assertThat(bleu.score(CorpusBleu.Smoothing.ADD_ONE))
                .isCloseTo(100 * Math.pow(2.0 / 7 / 7 / 6 / 5, 0.25), within(1e-12));
    }

    @Test
    void precisionsAreOfTheWholeCorpus() {
        CorpusBleu bleu = new CorpusBleu();
        bleu.add(words("a b c d e"), List.of(words("a b c d f g")));
        bleu.add(words("x y"), List.of(words("x y")));
        // Matches 6, 4, 2, 1 of runs 7, 5, 3, 2; lengths 7 and 8.
        double expected = 100 * Math.exp(1 - 8.0 / 7) * Math.pow(6.0 / 7 * 4 / 5 * 2 / 3 * 1 / 2, 0.25);
        assertThat(bleu.score(CorpusBleu.Smoothing.NONE)).isCloseTo(expected, within(1e-12));
        assertThat(bleu.score(CorpusBleu.Smoothing.EXP)).isCloseTo(expected, within(1e-12));
        assertThat(bleu.brevityPenalty()).isCloseTo(Math.exp(1 - 8.0 / 7), within(1e-15));
    }

    @Test
    void ofTwoReferencesEquallyCloseTheShorterCounts() {
        CorpusBleu bleu = new CorpusBleu();
        bleu.add(words("a b c d e"), List.of(words("a b c d e f"), words("a b c d")));
        assertThat(bleu.brevityPenalty()).isEqualTo(1);
        assertThat(bleu.score(CorpusBleu.Smoothing.NONE)).isCloseTo(100, within(1e-12));
    }

    @Test
    void nothingIsZero() {
        CorpusBleu bleu = new CorpusBleu();
        assertThat(bleu.score(CorpusBleu.Smoothing.EXP)).isZero();
        bleu.add(List.of(), List.of(words("a")));
        assertThat(bleu.score(CorpusBleu.Smoothing.ADD_ONE)).isZero();
        assertThat(bleu.brevityPenalty()).isZero();
        assertThatThrownBy(() -> bleu.add(words("a"), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("references must be one or more, found none");
    }
}
