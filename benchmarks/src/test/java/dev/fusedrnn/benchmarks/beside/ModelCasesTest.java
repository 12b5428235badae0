package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ModelCasesTest {
    @Test
    void mayBeTwiceAsFarFromTheJudgeAsPyTorchButNotAnyDistance() {
        assertThat(ModelCases.allowed(Precision.BF16, 0)).isEqualTo(1e-2);
        assertThat(ModelCases.allowed(Precision.BF16, 0.02)).isEqualTo(0.04);
        assertThat(ModelCases.allowed(Precision.BF16, 0.3)).isEqualTo(5e-2);
        assertThat(ModelCases.allowed(Precision.BF16, Double.NaN)).isEqualTo(1e-2);
    }

    @Test
    void inF32RoundingIsNoExcuse() {
        assertThat(ModelCases.allowed(Precision.F32, 0.3)).isEqualTo(1e-4);
    }
}
