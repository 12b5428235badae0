package dev.fusedrnn.tensor;

import java.util.Objects;

/**
 * Conversion between {@code float} and the two 16-bit storage types, bit by bit as the hardware does it.
 *
 * <p>bf16 is the upper half of a float (8 exponent bits, 7 fraction bits). f16 is IEEE 754 binary16 (5 exponent bits,
 * 10 fraction bits, with subnormals down to 2⁻²⁴). Widening is exact. Narrowing rounds to nearest, ties to even; values
 * too large become infinite; a NaN stays a NaN with its sign and the upper bits of its payload, and is made quiet.
 */
public final class HalfFloats {
    private static final int FLOAT_INFINITY = 0x7f80_0000;
    private static final int F16_INFINITY = 0x7c00;
    /** 65,520: half way between the largest finite f16 and the next power of two; from here on the result is infinite. */
    private static final int F16_OVERFLOW = 0x477f_f000;
    /** 2⁻¹⁴, the smallest normal f16. */
    private static final int F16_SMALLEST_NORMAL = 0x3880_0000;

    private HalfFloats() {}

    /** Returns the exact value of a bf16. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Returns the bf16 nearest to {@code value}. */
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fff_ffff) > FLOAT_INFINITY) {
            return (short) (bits >>> 16 | 0x0040);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** Returns the exact value of an f16. */
    public static float f16ToFloat(short bits) {
        int sign = (bits & 0x8000) << 16;
        int magnitude = bits & 0x7fff;
        if (magnitude >= F16_INFINITY) {
            return Float.intBitsToFloat(sign | FLOAT_INFINITY | (magnitude & 0x3ff) << 13);
        }
        if (magnitude >= 0x0400) {
            return Float.intBitsToFloat(sign | (magnitude << 13) + (127 - 15 << 23));
        }
        float subnormal = magnitude * 0x1p-24f;
        return Float.intBitsToFloat(sign | Float.floatToRawIntBits(subnormal));
    }

    /** Returns the f16 nearest to {@code value}. */
    public static short floatToF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fff_ffff;
        if (magnitude > FLOAT_INFINITY) {
            return (short) (sign | F16_INFINITY | 0x0200 | magnitude >>> 13 & 0x3ff);
        }
        if (magnitude >= F16_OVERFLOW) {
            return (short) (sign | F16_INFINITY);
        }
        if (magnitude >= F16_SMALLEST_NORMAL) {
            int rebiased = magnitude - (127 - 15 << 23);
            return (short) (sign | rebiased + 0xfff + (rebiased >>> 13 & 1) >>> 13);
        }
        // Adding 1/2 puts the last place of the float at 2^-24, so the addition itself rounds to nearest, ties to even.
        float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
        return (short) (sign | Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(0.5f));
    }

    /** Widens {@code count} bf16 values; the arrays are the caller's and neither is kept. */
    public static void bf16ToFloat(short[] source, int from, float[] target, int at, int count) {
        checkRanges(source, from, target, at, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = bf16ToFloat(source[from + i]);
        }
    }

    /** Rounds {@code count} floats to bf16; the arrays are the caller's and neither is kept. */
    public static void floatToBf16(float[] source, int from, short[] target, int at, int count) {
        checkRanges(target, at, source, from, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = floatToBf16(source[from + i]);
        }
    }

    /** Widens {@code count} f16 values; the arrays are the caller's and neither is kept. */
    public static void f16ToFloat(short[] source, int from, float[] target, int at, int count) {
        checkRanges(source, from, target, at, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = f16ToFloat(source[from + i]);
        }
    }

    /** Rounds {@code count} floats to f16; the arrays are the caller's and neither is kept. */
    public static void floatToF16(float[] source, int from, short[] target, int at, int count) {
        checkRanges(target, at, source, from, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = floatToF16(source[from + i]);
        }
    }

    private static void checkRanges(short[] halves, int halvesFrom, float[] floats, int floatsFrom, int count) {
        Objects.checkFromIndexSize(halvesFrom, count, halves.length);
        Objects.checkFromIndexSize(floatsFrom, count, floats.length);
    }
}
