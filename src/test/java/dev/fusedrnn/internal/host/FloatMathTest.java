package dev.fusedrnn.internal.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class FloatMathTest {
    @Test
    void tanhIsWithinAFewUnitsInTheLastPlace() {
        double worst = 0;
        int compared = 0;
        for (float x = -12; x <= 12; x += 0.0007f) {
            double exact = Math.tanh(x);
            worst = Math.max(worst, Math.abs(FloatMath.tanh(x) - exact) / Math.max(1e-30, Math.ulp((float) exact)));
            compared++;
        }
        assertThat(compared).isGreaterThan(30_000);
        assertThat(worst).isLessThan(8);
    }

    @Test
    void tanhOfTheSmallestValuesIsRelativelyExact() {
        for (float x = 1e-30f; x < 1e-3f; x *= 1.7f) {
            assertThat((double) FloatMath.tanh(x)).isEqualTo(Math.tanh(x), within(1e-6 * x));
            assertThat(FloatMath.tanh(-x)).isEqualTo(-FloatMath.tanh(x));
        }
    }

    @Test
    void tanhAndSigmoidSaturateExactly() {
        for (float x : new float[] {10, 1e20f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertThat(FloatMath.tanh(x)).isEqualTo(1);
            assertThat(FloatMath.tanh(-x)).isEqualTo(-1);
        }
        for (float x : new float[] {20, 1e20f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertThat(FloatMath.sigmoid(x)).isEqualTo(1);
            assertThat(FloatMath.sigmoid(-x)).isZero();
        }
    }

    @Test
    void sigmoidIsWithinTheRoundingOfOne() {
        for (float x = -20; x <= 20; x += 0.003f) {
            assertThat((double) FloatMath.sigmoid(x)).isEqualTo(1 / (1 + Math.exp(-x)), within(3e-7));
        }
    }

    @Test
    void expIsRelativelyExact() {
        for (float x = -87; x <= 88.5f; x += 0.011f) {
            assertThat((double) FloatMath.exp(x)).isEqualTo(Math.exp(x), within(3e-7 * Math.exp(x)));
        }
        assertThat(FloatMath.exp(0)).isEqualTo(1);
        assertThat(FloatMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(FloatMath.exp(-1000)).isZero();
        assertThat(FloatMath.exp(89)).isInfinite();
    }

    @Test
    void notANumberStaysNotANumber() {
        assertThat(FloatMath.tanh(Float.NaN)).isNaN();
        assertThat(FloatMath.sigmoid(Float.NaN)).isNaN();
        assertThat(FloatMath.exp(Float.NaN)).isNaN();
        float[] values = {1, Float.NaN, 2};
        FloatMath.tanh(values, values, 1, 1);
        assertThat(values).containsExactly(1, Float.NaN, 2);
    }
}
