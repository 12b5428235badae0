package dev.fusedrnn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {
    /** Zaremba's small model: rate 1 in the first four epochs, then halved in each. */
    @Test
    void stepDecay() {
        Schedule decay = new Schedule.StepDecay(4, 0.5);
        double[] expected = {1, 1, 1, 1, 0.5, 0.25, 0.125};
        for (int epoch = 0; epoch < expected.length; epoch++) {
            assertThat(decay.factor(999, epoch)).isEqualTo(expected[epoch]);
        }
    }

    @Test
    void warmUp() {
        Schedule warmUp = new Schedule.WarmUp(4);
        assertThat(warmUp.factor(0, 0)).isEqualTo(0.25);
        assertThat(warmUp.factor(3, 0)).isEqualTo(1);
        assertThat(warmUp.factor(400, 7)).isEqualTo(1);
    }

    @Test
    void cosine() {
        Schedule cosine = new Schedule.Cosine(2, 10, 0.1);
        assertThat(cosine.factor(0, 0)).isEqualTo(0.5);
        assertThat(cosine.factor(2, 0)).isEqualTo(1);
        assertThat(cosine.factor(6, 0)).isCloseTo(0.55, within(1e-12));
        assertThat(cosine.factor(10, 0)).isCloseTo(0.1, within(1e-12));
        assertThat(cosine.factor(1000, 0)).isCloseTo(0.1, within(1e-12));
    }

    /** Rates that PyTorch 2.13's OneCycleLR(1.0, total_steps=50, pct_start=0.1) gives. */
    @Test
    void oneCycle() {
        Schedule cycle = new Schedule.OneCycle(50, 0.1);
        assertThat(cycle.factor(0, 0)).isCloseTo(0.04, within(1e-12));
        assertThat(cycle.factor(1, 0)).isCloseTo(0.1805887450304573, within(1e-12));
        assertThat(cycle.factor(4, 0)).isCloseTo(1, within(1e-12));
        assertThat(cycle.factor(5, 0)).isCloseTo(0.9987820300018115, within(1e-12));
        assertThat(cycle.factor(20, 0)).isCloseTo(0.7191866966522451, within(1e-12));
        assertThat(cycle.factor(49, 0)).isCloseTo(4e-6, within(1e-12));
        assertThat(cycle.factor(1000, 0)).isCloseTo(4e-6, within(1e-12));
        assertThat(new Schedule.OneCycle(2, 0.1).factor(0, 0)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"constant", "decay:4:0.5", "warmup:100", "cosine:10:1000:0.05", "one-cycle:3000:0.1"})
    void idsReadBack(String id) {
        assertThat(Schedule.parse(id).id()).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "linear",
                "decay:4",
                "decay:x:0.5",
                "decay:4:NaN",
                "warmup:0",
                "cosine:10:5:0",
                "cosine:0:9:2",
                "one-cycle:1:0.5",
                "one-cycle:10:1"
            })
    void whatIsNoScheduleIsRefused(String id) {
        assertThatThrownBy(() -> Schedule.parse(id)).isInstanceOf(IllegalArgumentException.class);
    }
}
