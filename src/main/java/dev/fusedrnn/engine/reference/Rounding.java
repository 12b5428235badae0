package dev.fusedrnn.engine.reference;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.HalfFloats;

/**
 * What a kernel of some data type keeps of a value. Such a kernel stores activations (the input product, gates, h, the
 * gradients of pre-activations) in the data type, and keeps sums, cell state and carried gradients in float.
 */
enum Rounding {
    /** Everything in double. */
    NONE,
    /** Stored and summed in float. */
    F32,
    /** Stored in bf16, summed in float. */
    BF16,
    /** Stored in f16, summed in float. */
    F16;

    static Rounding of(DataType dataType) {
        return switch (dataType) {
            case F64 -> NONE;
            case F32 -> F32;
            case BF16 -> BF16;
            case F16 -> F16;
            case I32 -> throw new IllegalArgumentException("there is no rounding to " + dataType);
        };
    }

    /** A value as it is read back after it was stored. */
    double stored(double value) {
        return switch (this) {
            case NONE -> value;
            case F32 -> (float) value;
            case BF16 -> HalfFloats.bf16ToFloat(HalfFloats.floatToBf16((float) value));
            case F16 -> HalfFloats.f16ToFloat(HalfFloats.floatToF16((float) value));
        };
    }

    /** A sum or state as an accumulator holds it. */
    double summed(double value) {
        return this == NONE ? value : (float) value;
    }
}
