package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ClassScoresTest {
    /** By hand: class 0 has precision 2/3 and recall 2/2, class 1 1/2 and 1/3, class 2 never occurs. */
    @Test
    void scoresAreThoseByHand() {
        ClassScores scores = ClassScores.of(3, new int[] {0, 0, 1, 1, 1}, new int[] {0, 0, 0, 1, 2});

        assertThat(scores.total()).isEqualTo(5);
        assertThat(scores.accuracy()).isEqualTo(0.6);
        assertThat(scores.f1(0)).isCloseTo(0.8, within(1e-15));
        assertThat(scores.f1(1)).isCloseTo(2 * 1 * (1 / 3.0) / (1 + 1 / 3.0), within(1e-15));
        assertThat(scores.f1(2)).isZero();
        assertThat(scores.macroF1()).isCloseTo((0.8 + 0.5) / 3, within(1e-15));
        assertThat(scores).isEqualTo(new ClassScores(new long[][] {{2, 0, 0}, {1, 1, 1}, {0, 0, 0}}));
    }

    @Test
    void nothingPredictedHasNoAccuracy() {
        assertThat(ClassScores.of(2, new int[0], new int[0]).accuracy()).isNaN();
        assertThatThrownBy(() -> ClassScores.of(2, new int[1], new int[0]))
                .hasMessage("expected 1 predictions, found 0");
    }

    @Test
    void countsCannotBeChangedAndHoldClassesAlone() {
        ClassScores scores = ClassScores.of(2, new int[] {0, 1}, new int[] {0, 0});
        scores.counts()[0][0] = 7;
        assertThat(scores.total()).isEqualTo(2);
        assertThatThrownBy(() -> ClassScores.of(2, new int[] {0, 2}, new int[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected[1] must be in [0, 2), found 2");
        assertThatThrownBy(() -> ClassScores.of(2, new int[2], new int[] {-1, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("predicted[0] must be in [0, 2), found -1");
    }
}
