package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.host.HostCursor;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.HalfFloats;
import dev.fusedrnn.tensor.Tensor;

/**
 * Moves blocks of a CPU tensor into float arrays and back, widening and rounding 16-bit types on the way. Arithmetic
 * happens on the arrays, where the compiler can use vector instructions.
 */
final class FloatBlocks {
    /** Elements of a block: 16 KiB of floats, so that the few blocks of one operation stay in the first-level cache. */
    static final int SIZE = 4096;

    private final HostCursor cursor = new HostCursor();
    private final short[] halves = new short[SIZE];
    private final double[] wide = new double[SIZE];
    private final float[] one = new float[1];

    HostCursor cursor() {
        return cursor;
    }

    /** Reads {@code count} ≤ {@link #SIZE} elements of {@code tensor} from element {@code from}. */
    void load(Tensor tensor, long from, float[] values, int count) {
        long address = tensor.address(from);
        switch (tensor.dataType()) {
            case F32 -> cursor.get(address, values, 0, count);
            case BF16 -> {
                cursor.get(address, halves, 0, count);
                HalfFloats.bf16ToFloat(halves, 0, values, 0, count);
            }
            case F16 -> {
                cursor.get(address, halves, 0, count);
                HalfFloats.f16ToFloat(halves, 0, values, 0, count);
            }
            case F64 -> {
                cursor.get(address, wide, 0, count);
                for (int i = 0; i < count; i++) {
                    values[i] = (float) wide[i];
                }
            }
            case I32 -> throw new IllegalArgumentException("a floating point tensor is needed, found " + tensor);
        }
    }

    /** Writes {@code count} ≤ {@link #SIZE} elements of {@code tensor} from element {@code from}. */
    void store(Tensor tensor, long from, float[] values, int count) {
        long address = tensor.address(from);
        switch (tensor.dataType()) {
            case F32 -> cursor.put(address, values, 0, count);
            case BF16 -> {
                HalfFloats.floatToBf16(values, 0, halves, 0, count);
                cursor.put(address, halves, 0, count);
            }
            case F16 -> {
                HalfFloats.floatToF16(values, 0, halves, 0, count);
                cursor.put(address, halves, 0, count);
            }
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    wide[i] = values[i];
                }
                cursor.put(address, wide, 0, count);
            }
            case I32 -> throw new IllegalArgumentException("a floating point tensor is needed, found " + tensor);
        }
    }

    /** Copies or converts {@code count} elements between two tensors; ranges of one type may overlap. */
    void copy(Tensor from, long fromElement, Tensor to, long toElement, long count, float[] scratch) {
        if (from.dataType() == to.dataType()) {
            long bytes = Math.multiplyExact(count, (long) from.dataType().bytes());
            HostMemory.copy(from.address(fromElement), to.address(toElement), bytes);
            return;
        }
        for (long done = 0; done < count; done += SIZE) {
            int part = (int) Math.min(SIZE, count - done);
            load(from, fromElement + done, scratch, part);
            store(to, toElement + done, scratch, part);
        }
    }

    /** The value of a one-element F32 tensor. */
    float scalar(Tensor tensor) {
        requireType("scalar", tensor, DataType.F32);
        cursor.get(tensor.address(), one, 0, 1);
        return one[0];
    }

    /** Sets the first element of an F32 tensor. */
    void setScalar(Tensor tensor, float value) {
        requireType("scalar", tensor, DataType.F32);
        one[0] = value;
        cursor.put(tensor.address(), one, 0, 1);
    }

    static void requireType(String name, Tensor tensor, DataType type) {
        if (tensor.dataType() != type) {
            throw new IllegalArgumentException(name + " must be " + type + ", found " + tensor);
        }
    }

    static void requireElements(String name, Tensor tensor, long elements) {
        if (tensor.elements() != elements) {
            throw new IllegalArgumentException(name + " must have " + elements + " elements, found " + tensor);
        }
    }
}
