package dev.fusedrnn.io;

import dev.fusedrnn.tensor.DataType;

/** Element types of a safetensors file that this library reads and writes; the names are those of the format. */
public enum StoredType {
    F64(8),
    F32(4),
    BF16(2),
    F16(2),
    I64(8),
    I32(4),
    U8(1),
    BOOL(1);

    private final int bytes;

    StoredType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating point numbers. */
    public boolean isFloating() {
        return ordinal() <= F16.ordinal();
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
