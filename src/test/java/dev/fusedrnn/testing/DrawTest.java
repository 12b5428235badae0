package dev.fusedrnn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DrawTest {
    @Test
    void everyCaseIsDrawnAndAgainTheSame() {
        List<List<Object>> drawn = new ArrayList<>();
        for (int repeat = 0; repeat < 2; repeat++) {
            List<Object> values = new ArrayList<>();
            Draw.cases(50, draw -> values.add(List.of(draw.anyLong(), draw.text(20, draw::character), draw.real(3))));
            drawn.add(values);
        }
        assertThat(drawn.get(0)).hasSize(50).doesNotHaveDuplicates().isEqualTo(drawn.get(1));
    }

    @Test
    void rangesAreKeptAndTheirEndsMet() {
        Set<Integer> found = new HashSet<>();
        Set<Long> wide = new HashSet<>();
        Draw.cases(1000, draw -> {
            found.add(draw.whole(-3, 70));
            wide.add(draw.anyLong());
            assertThat(draw.real(2)).isBetween(0.0, 2.0);
            assertThat(draw.whole(5L, Long.MAX_VALUE)).isGreaterThanOrEqualTo(5);
            assertThat(draw.list(2, 4, draw::flag)).hasSizeBetween(2, 4);
            assertThat(draw.anyDouble()).isFinite();
            assertThat(draw.anyFloat()).isFinite();
            String character = draw.character();
            assertThat(character.codePointCount(0, character.length())).isEqualTo(1);
        });
        assertThat(found).hasSize(74).contains(-3, 70).allMatch(value -> value >= -3 && value <= 70);
        assertThat(wide).hasSizeGreaterThan(800).contains(Long.MIN_VALUE, Long.MAX_VALUE, 0L, 1L, -1L);
    }

    @Test
    void aFailureNamesItsSeed() {
        assertThatThrownBy(() -> Draw.cases(100, draw -> assertThat(draw.seed()).isLessThan(37)))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("seed 37 (-Dfusedrnn.draw=37): ")
                .hasRootCauseInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Draw.cases(1, draw -> {
                    throw new IOException("torn");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageEndingWith("torn");
    }
}
