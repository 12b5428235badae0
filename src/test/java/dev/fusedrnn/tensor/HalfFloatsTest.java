package dev.fusedrnn.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    private static final int ALL = 1 << 16;

    @Test
    void everyF16HasTheValueOfItsFormulaAndSurvivesTheWayBack() {
        int seen = 0;
        for (int bits = 0; bits < ALL; bits++) {
            float value = HalfFloats.f16ToFloat((short) bits);
            double expected = formula(bits, 5, 10);
            assertThat((double) value).as("f16 0x%04x", bits).isEqualTo(Double.valueOf(expected));
            int back = HalfFloats.floatToF16(value) & 0xffff;
            assertThat(back).as("way back of 0x%04x", bits).isEqualTo(Double.isNaN(expected) ? bits | 0x0200 : bits);
            seen++;
        }
        assertThat(seen).isEqualTo(65_536);
    }

    @Test
    void everyBf16HasTheValueOfItsFormulaAndSurvivesTheWayBack() {
        int seen = 0;
        for (int bits = 0; bits < ALL; bits++) {
            float value = HalfFloats.bf16ToFloat((short) bits);
            double expected = formula(bits, 8, 7);
            assertThat((double) value).as("bf16 0x%04x", bits).isEqualTo(Double.valueOf(expected));
            int back = HalfFloats.floatToBf16(value) & 0xffff;
            assertThat(back).as("way back of 0x%04x", bits).isEqualTo(Double.isNaN(expected) ? bits | 0x0040 : bits);
            seen++;
        }
        assertThat(seen).isEqualTo(65_536);
    }

    /** Between neighbours a and b: just below the middle gives a, just above gives b, the middle gives the even one. */
    @Test
    void everyMiddleBetweenNeighboursRoundsToEvenAndItsSurroundingsToTheNearer() {
        int f16 = countMiddles(0x7c00, b -> formula(b, 5, 10), true);
        int bf16 = countMiddles(0x7f80, b -> formula(b, 8, 7), false);
        assertThat(f16).isEqualTo(2 * 0x7c00);
        assertThat(bf16).isEqualTo(2 * 0x7f80);
    }

    private static int countMiddles(int infinity, IntToDoubleFunction formula, boolean f16) {
        int seen = 0;
        for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
            for (int low = 0; low < infinity; low++) {
                double a = formula.applyAsDouble(low);
                // The step above the largest finite value is as wide as the one below it.
                double b = low + 1 < infinity ? formula.applyAsDouble(low + 1) : 2 * a - formula.applyAsDouble(low - 1);
                float middle = (float) ((a + b) / 2) * (sign == 0 ? 1 : -1);
                assertThat((double) Math.abs(middle)).isEqualTo((a + b) / 2);
                assertThat(round(middle, f16)).isEqualTo(sign | low + (low & 1));
                float inwards = Float.intBitsToFloat(Float.floatToRawIntBits(middle) - 1);
                float outwards = Float.intBitsToFloat(Float.floatToRawIntBits(middle) + 1);
                assertThat(round(inwards, f16)).isEqualTo(sign | low);
                assertThat(round(outwards, f16)).isEqualTo(sign | low + 1);
                seen++;
            }
        }
        return seen;
    }

    private static int round(float value, boolean f16) {
        return (f16 ? HalfFloats.floatToF16(value) : HalfFloats.floatToBf16(value)) & 0xffff;
    }

    @Test
    void extremesRoundAsTheStandardSays() {
        assertThat(HalfFloats.floatToF16(65_519.996f)).isEqualTo((short) 0x7bff);
        assertThat(HalfFloats.floatToF16(65_520f)).isEqualTo((short) 0x7c00);
        assertThat(HalfFloats.floatToF16(-1e30f)).isEqualTo((short) 0xfc00);
        assertThat(HalfFloats.floatToF16(0x1p-25f)).isEqualTo((short) 0);
        assertThat(HalfFloats.floatToF16(-Float.MIN_VALUE)).isEqualTo((short) 0x8000);
        assertThat(HalfFloats.floatToBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
        assertThat(HalfFloats.floatToBf16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xff80);
    }

    /** The NaNs whose payload lies only in the bits cut off would become infinite if they were treated as numbers. */
    @Test
    void aNanStaysANanWithItsSign() {
        Draw.cases(1000, draw -> {
            int bits = draw.anyInt() | 0x7f80_0000;
            float nan = Float.intBitsToFloat((bits & 0x7f_ffff) == 0 ? bits | 1 : bits);
            short bf16 = HalfFloats.floatToBf16(nan);
            short f16 = HalfFloats.floatToF16(nan);
            assertThat(HalfFloats.bf16ToFloat(bf16)).isNaN();
            assertThat(HalfFloats.f16ToFloat(f16)).isNaN();
            assertThat(bf16 < 0).isEqualTo(bits < 0);
            assertThat(f16 < 0).isEqualTo(bits < 0);
        });
    }

    @Test
    void roundingNeverMissesByMoreThanHalfAStep() {
        Draw.cases(1000, draw -> {
            float value = draw.anyFloat();
            double f16 = HalfFloats.f16ToFloat(HalfFloats.floatToF16(value));
            double bf16 = HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(value));
            if (Math.abs(value) < 65_520) {
                assertThat(Math.abs(f16 - value)).isLessThanOrEqualTo(Math.max(Math.abs(value) * 0x1p-11, 0x1p-25));
            }
            if (Math.abs(value) < 3.38e38) {
                assertThat(Math.abs(bf16 - value)).isLessThanOrEqualTo(Math.max(Math.abs(value) * 0x1p-8, 0x1p-134));
            }
        });
    }

    @Test
    void bulkConversionsTouchOnlyTheirRange() {
        float[] source = {9, 1.5f, -2.25f, 0.1f, 9};
        for (boolean f16 : new boolean[] {true, false}) {
            short[] halves = {7, 7, 7, 7};
            float[] back = {5, 5, 5, 5, 5};
            if (f16) {
                HalfFloats.floatToF16(source, 1, halves, 0, 3);
                HalfFloats.f16ToFloat(halves, 0, back, 2, 3);
            } else {
                HalfFloats.floatToBf16(source, 1, halves, 0, 3);
                HalfFloats.bf16ToFloat(halves, 0, back, 2, 3);
            }
            assertThat(halves[3]).isEqualTo((short) 7);
            float tenth = f16 ? 0.099975586f : 0.100097656f;
            assertThat(back).containsExactly(5, 5, 1.5f, -2.25f, tenth);
        }
    }

    @Test
    void bulkConversionsRefuseRangesOutsideTheArrays() {
        assertThatThrownBy(() -> HalfFloats.floatToBf16(new float[3], 1, new short[3], 0, 3))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> HalfFloats.f16ToFloat(new short[2], 0, new float[3], 0, 3))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    /** Value of a small float by definition: (-1)^s * 2^(e-bias) * (1 + f/2^fractionBits). */
    private static double formula(int bits, int exponentBits, int fractionBits) {
        double sign = (bits & 0x8000) == 0 ? 1 : -1;
        int exponent = bits >> fractionBits & (1 << exponentBits) - 1;
        int fraction = bits & (1 << fractionBits) - 1;
        int bias = (1 << exponentBits - 1) - 1;
        if (exponent == (1 << exponentBits) - 1) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        double scaled = fraction / (double) (1 << fractionBits);
        return exponent == 0
                ? sign * scaled * Math.pow(2, 1 - bias)
                : sign * (1 + scaled) * Math.pow(2, exponent - bias);
    }
}
