package dev.fusedrnn.io;

import dev.fusedrnn.tensor.DataType;

/**
 * Element types of a safetensors file; the names are those of the format. Values of those behind BOOL that are no integers are not
 * interpreted: their tensors are passed over or read as bytes.
 */
public enum StoredType {
    F64(8, 0),
    F32(4, 0),
    BF16(2, 0),
    F16(2, 0),
    I64(8, 64),
    I32(4, 32),
    U8(1, 9),
    BOOL(1, 2),
    I16(2, 16),
    I8(1, 8),
    U32(4, 33),
    U16(2, 17),
    U64(8, 0),
    C64(8, 0),
    F8_E5M2(1, 0),
    F8_E4M3(1, 0),
    F8_E8M0(1, 0);

    private final int bytes;
    /** Bits of a signed integer that every value fits into; 0 for what is not read as integers. */
    private final int integerBits;

    StoredType(int bytes, int integerBits) {
        this.bytes = bytes;
        this.integerBits = integerBits;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating point numbers that are read as such. */
    public boolean isFloating() {
        return ordinal() <= F16.ordinal();
    }

    /** Whether every value fits a signed integer of {@code bits} bits. */
    boolean isIntegerWithin(int bits) {
        return integerBits > 0 && integerBits <= bits;
    }

    /** The type a tensor in memory of {@code type} is stored as, bit for bit. */
    public static StoredType of(DataType type) {
        return switch (type) {
            case F64 -> F64;
            case F32 -> F32;
            case BF16 -> BF16;
            case F16 -> F16;
            case I32 -> I32;
        };
    }
}
