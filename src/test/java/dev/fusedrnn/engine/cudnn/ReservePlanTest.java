package dev.fusedrnn.engine.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReservePlanTest {
    @Test
    void oneCallKeepsOnlyTheLibrarysReserve() {
        ReservePlan plan = ReservePlan.of(List.of(1000L), 300);
        assertThat(plan.library()).containsExactly(0);
        assertThat(plan.output()).isEmpty();
        assertThat(plan.bytes()).isEqualTo(1024);
    }

    @Test
    void severalCallsKeepWhatLiesBetweenThemWithoutOverlap() {
        ReservePlan plan = ReservePlan.of(List.of(10L, 256L, 257L), 300);
        assertThat(plan.library()).containsExactly(0, 256 + 2 * 512, 256 + 2 * 512 + 256 + 2 * 512);
        assertThat(plan.output()).containsExactly(256, 1280 + 256);
        assertThat(plan.dropped()).containsExactly(256 + 512, 1280 + 256 + 512);
        assertThat(plan.bytes()).isEqualTo(2560 + 512);
    }

    @Test
    void sizesBeyondALongAreAnError() {
        assertThatThrownBy(() -> ReservePlan.of(List.of(Long.MAX_VALUE), 1)).isInstanceOf(ArithmeticException.class);
    }
}
