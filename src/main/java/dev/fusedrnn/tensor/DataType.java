package dev.fusedrnn.tensor;

/** The element types a {@link Tensor} can hold, with their size in bytes. */
public enum DataType {
    /** IEEE 754 binary64; the reference engine alone computes in it. */
    F64(8, 0x1p-52),
    /** IEEE 754 binary32. */
    F32(4, 0x1p-23),
    /** bfloat16: the upper half of a binary32. */
    BF16(2, 0x1p-7),
    /** IEEE 754 binary16. */
    F16(2, 0x1p-10),
    /** Signed 32-bit integers: token ids, lengths, generator words. */
    I32(4, 0);

    private final int bytes;
    private final double epsilon;

    DataType(int bytes, double epsilon) {
        this.bytes = bytes;
        this.epsilon = epsilon;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Distance from 1 to the next larger value; 0 for integers. */
    public double epsilon() {
        return epsilon;
    }

    /**
     * The value of this floating point type nearest to {@code value}, ties to even; the 16-bit types by way of F32.
     *
     * @throws IllegalArgumentException for integers
     */
    public double round(double value) {
        return switch (this) {
            case F64 -> value;
            case F32 -> (float) value;
            case BF16 -> HalfFloats.bf16ToFloat(HalfFloats.floatToBf16((float) value));
            case F16 -> HalfFloats.f16ToFloat(HalfFloats.floatToF16((float) value));
            case I32 -> throw new IllegalArgumentException("there is no rounding to " + this);
        };
    }

    /** Whether values are floating point numbers. */
    public boolean isFloating() {
        return this != I32;
    }

    /** Whether this is one of the two 16-bit floating point types. */
    public boolean isHalf() {
        return this == BF16 || this == F16;
    }
}
