package dev.fusedrnn.internal.host;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * Memory outside the Java heap, addressed by number.
 *
 * <p>It is taken with {@code malloc} rather than with JavaCPP's counted allocators, which compare every allocation with
 * the resident size of the whole process and would fail for reasons unrelated to this library.
 */
public final class HostMemory {
    /** A cache line: no two blocks share one, and vector loads never straddle two at a block's start. */
    public static final int ALIGNMENT = 64;

    private static final String CACHE = "org.bytedeco.javacpp.cachedir";

    private HostMemory() {}

    /**
     * Loads the native code behind all of this, if that has not been done.
     *
     * @throws UnsatisfiedLinkError with the reason and what helps
     */
    public static void requireNativeCode() {
        try {
            Loader.load(Pointer.class);
            // Loading is silent where no jar holds the code; a call is not.
            Pointer.free(Pointer.malloc(1));
        } catch (LinkageError | RuntimeException absent) {
            Throwable first = absent.getCause() == null ? absent : absent.getCause();
            UnsatisfiedLinkError clear =
                    new UnsatisfiedLinkError("the native code of JavaCPP for " + Loader.getPlatform()
                            + " cannot be loaded: expected the jars with classifier " + Loader.getPlatform()
                            + " on the class path and a folder they can be extracted to (-D" + CACHE
                            + "=FOLDER names one), found: "
                            + first.getMessage());
            clear.initCause(absent);
            throw clear;
        }
    }

    /**
     * Takes {@code bytes} bytes at an address that is a multiple of {@link #ALIGNMENT}.
     *
     * @throws OutOfMemoryError if the system has no such block
     */
    public static long allocate(long bytes) {
        Pointer block = Pointer.malloc(Math.addExact(bytes, 2L * ALIGNMENT));
        if (block == null || block.isNull()) {
            throw new OutOfMemoryError("cannot take " + bytes + " bytes of host memory");
        }
        long aligned = (block.address() / ALIGNMENT + 2) * ALIGNMENT - ALIGNMENT;
        long start = aligned - block.address() >= Long.BYTES ? aligned : aligned + ALIGNMENT;
        new LongAt(start - Long.BYTES).put(block.address());
        return start;
    }

    /** Gives back what {@link #allocate} took. */
    public static void free(long address) {
        Pointer.free(new At(new LongAt(address - Long.BYTES).get()));
    }

    /** Sets {@code bytes} bytes to {@code value}. */
    public static void fill(long address, long bytes, byte value) {
        if (bytes > 0) {
            Pointer.memset(new At(address), value & 0xff, bytes);
        }
    }

    /** Copies {@code bytes} bytes; the blocks may overlap. */
    public static void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            Pointer.memmove(new At(to), new At(from), bytes);
        }
    }

    /** Writes one long to {@code address}. */
    public static void put(long address, long value) {
        new LongAt(address).put(value);
    }

    /** Reads {@code count} floats from {@code address}. */
    public static void get(long address, float[] values, int offset, int count) {
        new FloatAt(address).get(values, offset, count);
    }

    /** Writes {@code count} floats to {@code address}. */
    public static void put(long address, float[] values, int offset, int count) {
        new FloatAt(address).put(values, offset, count);
    }

    /** Reads {@code count} doubles from {@code address}. */
    public static void get(long address, double[] values, int offset, int count) {
        new DoubleAt(address).get(values, offset, count);
    }

    /** Writes {@code count} doubles to {@code address}. */
    public static void put(long address, double[] values, int offset, int count) {
        new DoubleAt(address).put(values, offset, count);
    }

    /** Reads {@code count} ints from {@code address}. */
    public static void get(long address, int[] values, int offset, int count) {
        new IntAt(address).get(values, offset, count);
    }

    /** Writes {@code count} ints to {@code address}. */
    public static void put(long address, int[] values, int offset, int count) {
        new IntAt(address).put(values, offset, count);
    }

    /** Reads {@code count} shorts from {@code address}. */
    public static void get(long address, short[] values, int offset, int count) {
        new ShortAt(address).get(values, offset, count);
    }

    /** Writes {@code count} shorts to {@code address}. */
    public static void put(long address, short[] values, int offset, int count) {
        new ShortAt(address).put(values, offset, count);
    }

    private static final class At extends Pointer {
        At(long address) {
            this.address = address;
        }
    }

    private static final class LongAt extends LongPointer {
        LongAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class FloatAt extends FloatPointer {
        FloatAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class DoubleAt extends DoublePointer {
        DoubleAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class IntAt extends IntPointer {
        IntAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class ShortAt extends ShortPointer {
        ShortAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}
