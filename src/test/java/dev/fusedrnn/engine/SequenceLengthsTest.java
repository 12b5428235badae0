package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SequenceLengthsTest {
    @Test
    void refusesLengthsOutsideOfTheStepsAndNamesTheFirst() {
        assertThatThrownBy(() -> SequenceLengths.of(7, 7, 3, 0, 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("seqLengths[2] must be in [1, 7], found 0");
        assertThatThrownBy(() -> SequenceLengths.of(7, 8)).hasMessage("seqLengths[0] must be in [1, 7], found 8");
        assertThatThrownBy(() -> SequenceLengths.of(7, 1, -2)).hasMessageContaining("seqLengths[1]", "-2");
    }

    @Test
    void keepsAnyOrderAndACopy() {
        int[] given = {2, 7, 1};
        SequenceLengths lengths = SequenceLengths.of(7, given);
        given[0] = 5;
        lengths.toArray()[1] = 5;
        assertThat(lengths.toArray()).containsExactly(2, 7, 1);
        assertThat(lengths.batch()).isEqualTo(3);
        assertThat(lengths.get(2)).isEqualTo(1);
    }

    @Test
    void isAValue() {
        assertThat(SequenceLengths.of(7, 2, 3)).isEqualTo(SequenceLengths.of(5, 2, 3));
        assertThat(SequenceLengths.of(7, 2, 3)).hasSameHashCodeAs(SequenceLengths.of(7, 2, 3));
        assertThat(SequenceLengths.of(7, 2, 3)).isNotEqualTo(SequenceLengths.of(7, 3, 2));
        assertThat(SequenceLengths.of(7, 2, 3)).hasToString("[2, 3]");
    }
}
