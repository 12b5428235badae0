package dev.fusedrnn.internal.fused;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateRecomputationTest {
    private static final long MEBIBYTE = 1 << 20;

    /** Sums of at most 16 MiB, in parts of one size but for the last; a step is never cut. */
    @ParameterizedTest
    @CsvSource({
        "1, 1024, 1",
        "100, 1024, 100",
        "16, 1048576, 16",
        "17, 1048576, 9",
        "33, 1048576, 11",
        "5, 6291456, 2",
        "7, 99999999, 1"
    })
    void stepsGoInPartsOfBoundedSums(long steps, long bytesPerStep, long expected) {
        long found = GateRecomputation.stepsAtOnce(steps, bytesPerStep);
        assertThat(found).isEqualTo(expected);
        assertThat(found == 1 || found * bytesPerStep <= 16 * MEBIBYTE).isTrue();
    }
}
