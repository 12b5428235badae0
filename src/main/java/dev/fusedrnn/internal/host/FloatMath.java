package dev.fusedrnn.internal.host;

/**
 * tanh, sigmoid and exp over float arrays, written so that the compiler turns the loops into vector instructions.
 *
 * <p>NaN stays NaN; {@link #tanh} reaches ±1 exactly.
 */
public final class FloatMath {
    /** Beyond this the quotient below is 1 to the last place. */
    private static final float TANH_LIMIT = 7.90531110763549805f;

    private static final float LOG2_E = 1.44269504088896341f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding it to a small float leaves the nearest integer in the low bits. */
    private static final float ROUNDER = 0x1.8p23f;

    private FloatMath() {}

    /**
     * tanh of one value: the minimax quotient of degrees 13 and 6 that Eigen uses, on an argument kept within ±7.905; at most
     * a few units in the last place from the true value.
     */
    public static float tanh(float value) {
        float x = Math.min(Math.max(value, -TANH_LIMIT), TANH_LIMIT);
        float s = x * x;
        float p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
        p = s * p - 8.60467152213735e-11f;
        p = s * p + 5.12229709037114e-08f;
        p = s * p + 1.48572235717979e-05f;
        p = s * p + 6.37261928875436e-04f;
        p = s * p + 4.89352455891786e-03f;
        float q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
        q = s * q + 2.26843463243900e-03f;
        q = s * q + 4.89352518554385e-03f;
        return Math.min(Math.max(x * p / q, -1f), 1f);
    }

    /** {@code 1/(1 + e^−x)} of one value. */
    public static float sigmoid(float x) {
        return 0.5f * tanh(0.5f * x) + 0.5f;
    }

    /** e^x of one value to a few units in the last place; 0 for −∞, infinite above 88.8. */
    public static float exp(float value) {
        float x = Math.min(Math.max(value, -104f), 89f);
        float shifted = x * LOG2_E + ROUNDER;
        float n = shifted - ROUNDER;
        float r = x - n * LN2_HIGH - n * LN2_LOW;
        float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1;
        // Two factors, because one power of two cannot reach from the smallest to the largest result.
        int power = (int) n;
        int half = power >> 1;
        return p * powerOfTwo(half) * powerOfTwo(power - half);
    }

    private static float powerOfTwo(int exponent) {
        return Float.intBitsToFloat(exponent + 127 << 23);
    }

    /** {@code out[i] = tanh(in[i])} for {@code count} elements from {@code from}; the arrays may be the same. */
    public static void tanh(float[] in, float[] out, int from, int count) {
        for (int i = from; i < from + count; i++) {
            out[i] = tanh(in[i]);
        }
    }

    /** {@code out[i] = sigmoid(in[i])} for {@code count} elements from {@code from}; the arrays may be the same. */
    public static void sigmoid(float[] in, float[] out, int from, int count) {
        for (int i = from; i < from + count; i++) {
            out[i] = sigmoid(in[i]);
        }
    }
}
