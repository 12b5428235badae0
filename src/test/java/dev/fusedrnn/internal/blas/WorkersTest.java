package dev.fusedrnn.internal.blas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    @Test
    void thePropertyGivesTheNumberOfThreads() {
        assertThat(Workers.wanted("1")).isEqualTo(1);
        assertThat(Workers.wanted("1024")).isEqualTo(1024);
        assertThat(Workers.wanted(null)).isBetween(1, 1024);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-2", "x", "1.5", "1025", "99999999999"})
    void anImpossibleNumberIsRefusedWheneverItIsAskedFor(String given) {
        assertThatThrownBy(() -> Workers.required(Workers.wanted(given), given))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("fusedrnn.cpu.threads must be a whole number in [1, 1024], found " + given);
    }
}
