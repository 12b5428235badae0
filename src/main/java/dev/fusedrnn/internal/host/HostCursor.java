package dev.fusedrnn.internal.host;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * Copies between host memory and Java arrays without making an object per copy, for code that runs once per block or per
 * time step. {@link HostMemory} is the simpler choice everywhere else. Not for two threads at once.
 */
public final class HostCursor {
    private final FloatAt floats = new FloatAt();
    private final DoubleAt doubles = new DoubleAt();
    private final IntAt ints = new IntAt();
    private final ShortAt shorts = new ShortAt();

    /** Reads {@code count} floats from {@code address}. */
    public void get(long address, float[] values, int offset, int count) {
        floats.at(address).get(values, offset, count);
    }

    /** Writes {@code count} floats to {@code address}. */
    public void put(long address, float[] values, int offset, int count) {
        floats.at(address).put(values, offset, count);
    }

    /** Reads {@code count} doubles from {@code address}. */
    public void get(long address, double[] values, int offset, int count) {
        doubles.at(address).get(values, offset, count);
    }

    /** Writes {@code count} doubles to {@code address}. */
    public void put(long address, double[] values, int offset, int count) {
        doubles.at(address).put(values, offset, count);
    }

    /** Reads {@code count} ints from {@code address}. */
    public void get(long address, int[] values, int offset, int count) {
        ints.at(address).get(values, offset, count);
    }

    /** Writes {@code count} ints to {@code address}. */
    public void put(long address, int[] values, int offset, int count) {
        ints.at(address).put(values, offset, count);
    }

    /** Reads {@code count} shorts from {@code address}. */
    public void get(long address, short[] values, int offset, int count) {
        shorts.at(address).get(values, offset, count);
    }

    /** Writes {@code count} shorts to {@code address}. */
    public void put(long address, short[] values, int offset, int count) {
        shorts.at(address).put(values, offset, count);
    }

    private static final class FloatAt extends FloatPointer {
        FloatAt() {
            super((Pointer) null);
        }

        FloatAt at(long address) {
            this.address = address;
            return this;
        }
    }

    private static final class DoubleAt extends DoublePointer {
        DoubleAt() {
            super((Pointer) null);
        }

        DoubleAt at(long address) {
            this.address = address;
            return this;
        }
    }

    private static final class IntAt extends IntPointer {
        IntAt() {
            super((Pointer) null);
        }

        IntAt at(long address) {
            this.address = address;
            return this;
        }
    }

    private static final class ShortAt extends ShortPointer {
        ShortAt() {
            super((Pointer) null);
        }

        ShortAt at(long address) {
            this.address = address;
            return this;
        }
    }
}
