package dev.fusedrnn.engine.reference;

import dev.fusedrnn.tensor.DataType;

/**
 * What a kernel of some data type keeps of a value. Such a kernel stores activations (the input product, gates, h, the
 * gradients of pre-activations) in the data type, and keeps sums, cell state and carried gradients in float. With F64 everything
 * is in double.
 */
record Rounding(DataType type) {
    /** Everything in double. */
    static final Rounding NONE = new Rounding(DataType.F64);

    Rounding {
        if (!type.isFloating()) {
            throw new IllegalArgumentException("there is no rounding to " + type);
        }
    }

    /** A value as it is read back after it was stored. */
    double stored(double value) {
        return type.round(value);
    }

    /** A sum or state as an accumulator holds it. */
    double summed(double value) {
        return type == DataType.F64 ? value : (float) value;
    }
}
