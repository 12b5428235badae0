package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ToleranceTest {
    private static final double EPSILON = 0x1p-23;
    /** T 7, N 6, H 6: the longest sum has 4·H = 24 terms, so ⌈log₂(24·7)⌉ = 8. */
    private static final CaseData F32 = CaseData.draw(EngineCase.parse("lstm-L1-T7-N6-C10-H6-f32-seed1"));

    @Test
    void boundIsTheRule() {
        double[] exact = {0.5, -3, 0.25};
        double[] rounded = {0.5, -3 + 1e-6, 0.25};
        double expected = 2e-6 + 3 * (2 * EPSILON + 4 * 8 * EPSILON);
        TensorError error = new Tolerance(F32, false).compare("hy", exact, exact, rounded);
        assertThat(error.bound()).isCloseTo(expected, org.assertj.core.data.Percentage.withPercentage(0.01));
        assertThat(error.passed()).isTrue();
        assertThat(error.compared()).isEqualTo(3);
    }

    @Test
    void aBadReferenceCannotWidenTheCeiling() {
        double[] exact = {0.5};
        double[] bad = {0.6};
        Tolerance rule = new Tolerance(F32, false);
        assertThat(rule.compare("y", exact, exact, bad).bound()).isEqualTo(5e-5);
        assertThat(rule.compare("d_bias_ih_l0", exact, exact, bad).bound()).isEqualTo(5e-5 * Math.sqrt(42));
        assertThat(rule.compare("y", new double[] {0.5 + 6e-5}, exact, bad).passed())
                .isFalse();
    }

    @Test
    void ceilingFollowsTheTypeAndTf32OnlyCountsOnAGpu() {
        double[] exact = {0.5};
        double[] bad = {2};
        CaseData half = CaseData.draw(EngineCase.parse("gru-L1-T2-N2-C2-H2-bf16-seed1"));
        assertThat(new Tolerance(half, true).compare("y", exact, exact, bad).bound())
                .isEqualTo(12.8 * 0x1p-7);
        CaseData tf32 = CaseData.draw(EngineCase.parse("gru-L1-T2-N2-C2-H2-tf32-f32-seed1"));
        assertThat(new Tolerance(tf32, false).compare("y", exact, exact, bad).bound())
                .isEqualTo(5e-5);
        assertThat(new Tolerance(tf32, true).compare("y", exact, exact, bad).bound())
                .isEqualTo(5e-3);
    }

    @Test
    void nanNeverPassesWhereItIsNotExpected() {
        double[] exact = {0.5, 1};
        TensorError error = new Tolerance(F32, false).compare("hy", new double[] {0.5, Double.NaN}, exact, exact);
        assertThat(error.passed()).isFalse();
        assertThat(error.error()).isInfinite();
        assertThat(error.where()).isEqualTo("layer=0 n=0 unit=1");
        assertThat(new TensorError("y", 1, Double.NaN, 1, "", 0, 0).passed()).isFalse();
    }

    @Test
    void classesHaveToMatch() {
        double[] expected = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        Tolerance rule = new Tolerance(F32, false);
        assertThat(rule.compare("hy", expected.clone(), expected, expected).passed())
                .isTrue();
        for (int i = 0; i < 3; i++) {
            for (double other : new double[] {0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                double[] found = expected.clone();
                found[i] = other;
                boolean same = Double.compare(other, expected[i]) == 0;
                assertThat(rule.compare("hy", found, expected, expected).passed())
                        .isEqualTo(same);
            }
        }
    }

    @Test
    void nothingComparedHasNotPassed() {
        double[] none = {};
        assertThat(new Tolerance(F32, false).compare("y", none, none, none).passed())
                .isFalse();
        assertThatThrownBy(() -> new Tolerance(F32, false).compare("y", none, new double[1], new double[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("y must have 1 elements, found 0");
    }

    @Test
    void elementsAreNamed() {
        CaseData data = CaseData.draw(EngineCase.parse("lstm-bidir-L2-T7-N6-C10-H6-P3-f32-seed1"));
        assertThat(ElementName.of(data, "y", (3 * 6 + 2) * 6 + 4)).isEqualTo("t=3 n=2 feature=4");
        assertThat(ElementName.of(data, "dx", (6 * 6 + 5) * 10 + 9)).isEqualTo("t=6 n=5 feature=9");
        assertThat(ElementName.of(data, "dcx", (3 * 6 + 1) * 6 + 2)).isEqualTo("layer=1 backward n=1 unit=2");
        assertThat(ElementName.of(data, "d_weight_hh_l0", (2 * 6 + 5) * 3 + 1)).isEqualTo("gate=g unit=5 column=1");
        assertThat(ElementName.of(data, "d_bias_ih_l1_reverse", 3 * 6 + 4)).isEqualTo("gate=o unit=4");
        assertThat(ElementName.of(data, "d_weight_hr_l0", 2 * 6 + 4)).isEqualTo("row=2 column=4");
    }
}
