package dev.fusedrnn.io;

import dev.fusedrnn.tensor.HalfFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Turns a tensor's bytes into Java arrays, piece by piece. */
final class TensorArrays {
    /** The longest array every virtual machine can make. */
    private static final int LONGEST = Integer.MAX_VALUE - 8;

    private TensorArrays() {}

    static float[] floats(SafetensorsReader file, TensorEntry entry) throws IOException {
        requireFloating(file, entry);
        float[] values = new float[length(file, entry, entry.elements())];
        floats(file, entry, values, 0);
        return values;
    }

    static void floats(SafetensorsReader file, TensorEntry entry, float[] target, int at) throws IOException {
        requireFloating(file, entry);
        Objects.checkFromIndexSize(at, entry.elements(), target.length);
        int[] next = {at};
        file.read(entry.name(), chunk -> {
            while (chunk.hasRemaining()) {
                target[next[0]++] =
                        entry.type() == StoredType.F64 ? (float) chunk.getDouble() : nextFloat(chunk, entry);
            }
        });
    }

    static void requireFinite(SafetensorsReader file, TensorEntry entry) throws IOException {
        requireFloating(file, entry);
        long[] next = {0};
        file.read(entry.name(), chunk -> {
            while (chunk.hasRemaining()) {
                double value = entry.type() == StoredType.F64 ? chunk.getDouble() : nextFloat(chunk, entry);
                if (!Double.isFinite(value)) {
                    long position = entry.position() + next[0] * entry.type().bytes();
                    throw file.invalid("tensor " + entry.name() + " holds " + value + " at " + next[0], position);
                }
                next[0]++;
            }
        });
    }

    static double[] doubles(SafetensorsReader file, TensorEntry entry) throws IOException {
        requireFloating(file, entry);
        double[] values = new double[length(file, entry, entry.elements())];
        int[] next = {0};
        file.read(entry.name(), chunk -> {
            while (chunk.hasRemaining()) {
                values[next[0]++] = entry.type() == StoredType.F64 ? chunk.getDouble() : nextFloat(chunk, entry);
            }
        });
        return values;
    }

    static int[] ints(SafetensorsReader file, TensorEntry entry) throws IOException {
        boolean fits = !entry.type().isFloating() && entry.type() != StoredType.I64;
        require(file, entry, fits, "I32, U8 or BOOL");
        int[] values = new int[length(file, entry, entry.elements())];
        int[] next = {0};
        file.read(entry.name(), chunk -> {
            while (chunk.hasRemaining()) {
                values[next[0]++] = (int) nextInteger(file, entry, chunk);
            }
        });
        return values;
    }

    static long[] longs(SafetensorsReader file, TensorEntry entry) throws IOException {
        require(file, entry, !entry.type().isFloating(), "I64, I32, U8 or BOOL");
        long[] values = new long[length(file, entry, entry.elements())];
        int[] next = {0};
        file.read(entry.name(), chunk -> {
            while (chunk.hasRemaining()) {
                values[next[0]++] = nextInteger(file, entry, chunk);
            }
        });
        return values;
    }

    /** The length of an array for {@code count} values; larger tensors are read piece by piece. */
    static int length(SafetensorsReader file, TensorEntry entry, long count) throws InvalidFileException {
        if (count > LONGEST) {
            throw file.invalid("tensor " + entry.name() + " is too long for one array: " + count, entry.position());
        }
        return (int) count;
    }

    private static float nextFloat(ByteBuffer chunk, TensorEntry entry) {
        return switch (entry.type()) {
            case BF16 -> HalfFloats.bf16ToFloat(chunk.getShort());
            case F16 -> HalfFloats.f16ToFloat(chunk.getShort());
            default -> chunk.getFloat();
        };
    }

    private static long nextInteger(SafetensorsReader file, TensorEntry entry, ByteBuffer chunk)
            throws InvalidFileException {
        return switch (entry.type()) {
            case I64 -> chunk.getLong();
            case I32 -> chunk.getInt();
            case BOOL -> truth(file, entry, chunk.get());
            default -> Byte.toUnsignedLong(chunk.get());
        };
    }

    private static long truth(SafetensorsReader file, TensorEntry entry, byte value) throws InvalidFileException {
        if (value != 0 && value != 1) {
            throw file.invalid("tensor " + entry.name() + " of BOOL holds " + value, entry.position());
        }
        return value;
    }

    private static void requireFloating(SafetensorsReader file, TensorEntry entry) throws InvalidFileException {
        require(file, entry, entry.type().isFloating(), "a floating point type");
    }

    private static void require(SafetensorsReader file, TensorEntry entry, boolean fits, String expected)
            throws InvalidFileException {
        if (!fits) {
            throw file.invalid(
                    "tensor " + entry.name() + " has type " + entry.type() + ", expected " + expected,
                    entry.position());
        }
    }
}
