package dev.fusedrnn.io;

import dev.fusedrnn.tensor.HalfFloats;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Turns Java arrays into a tensor's bytes, piece by piece. */
final class ArrayTensors {
    private ArrayTensors() {}

    static void write(float[] values, StoredType type, ByteSink sink) throws IOException {
        switch (type) {
            case F64 -> write(values.length, Double.BYTES, sink, (chunk, i) -> chunk.putDouble(values[i]));
            case F32 -> write(values.length, Float.BYTES, sink, (chunk, i) -> chunk.putFloat(values[i]));
            case BF16 ->
                write(
                        values.length,
                        Short.BYTES,
                        sink,
                        (chunk, i) -> chunk.putShort(HalfFloats.floatToBf16(values[i])));
            case F16 ->
                write(values.length, Short.BYTES, sink, (chunk, i) -> chunk.putShort(HalfFloats.floatToF16(values[i])));
            default -> throw new IllegalArgumentException("floats cannot be stored as " + type);
        }
    }

    static void write(double[] values, ByteSink sink) throws IOException {
        write(values.length, Double.BYTES, sink, (chunk, i) -> chunk.putDouble(values[i]));
    }

    static void write(int[] values, ByteSink sink) throws IOException {
        write(values.length, Integer.BYTES, sink, (chunk, i) -> chunk.putInt(values[i]));
    }

    static void write(long[] values, ByteSink sink) throws IOException {
        write(values.length, Long.BYTES, sink, (chunk, i) -> chunk.putLong(values[i]));
    }

    private interface Element {
        void put(ByteBuffer chunk, int index);
    }

    private static void write(int count, int elementBytes, ByteSink sink, Element element) throws IOException {
        ByteBuffer chunk =
                SafetensorsFormat.littleEndian((int) Math.min((long) count * elementBytes, SafetensorsFormat.CHUNK));
        for (int i = 0; i < count; i++) {
            element.put(chunk, i);
            if (!chunk.hasRemaining() || i == count - 1) {
                sink.accept(chunk.flip());
                chunk.clear();
            }
        }
    }
}
