package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.host.HostMemory;

/**
 * A dense, row-major array of one {@link DataType} on one {@link Device}.
 *
 * <p>A tensor either owns its memory, or is a {@linkplain #view view} into another tensor's. Closing an owner frees the
 * memory; closing a view does nothing. Values travel as Java arrays and are converted: halves round to nearest even.
 */
public final class Tensor implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final Device device;
    private final DataType dataType;
    private final Shape shape;
    private final long address;
    private final Tensor owner;
    private final boolean owning;
    private boolean closed;

    Tensor(Device device, DataType dataType, Shape shape, long address, boolean owning) {
        this(device, dataType, shape, address, owning, null);
    }

    private Tensor(Device device, DataType dataType, Shape shape, long address, boolean owning, Tensor owner) {
        this.device = device;
        this.dataType = dataType;
        this.shape = shape;
        this.address = address;
        this.owning = owning;
        this.owner = owner;
    }

    static long byteSize(DataType dataType, Shape shape) {
        try {
            return Math.multiplyExact(shape.elements(), (long) dataType.bytes());
        } catch (ArithmeticException tooLarge) {
            throw new IllegalArgumentException(
                    "a tensor of shape " + shape + " and type " + dataType + " exceeds 2^63 bytes");
        }
    }

    /** Where the memory lies. */
    public Device device() {
        return device;
    }

    /** Type of the elements. */
    public DataType dataType() {
        return dataType;
    }

    /** The extents. */
    public Shape shape() {
        return shape;
    }

    /** Number of elements. */
    public long elements() {
        return shape.elements();
    }

    /** Size in bytes. */
    public long byteSize() {
        return byteSize(dataType, shape);
    }

    /** Address of the first element in the device's memory, for other systems. */
    public long address() {
        requireOpen();
        return address;
    }

    /** Address of element {@code index}, counted in row-major order. */
    public long address(long index) {
        return address() + index * dataType.bytes();
    }

    /** Whether this tensor, or the one it is a view of, has been closed. */
    public boolean isClosed() {
        return closed || (owner != null && owner.isClosed());
    }

    /**
     * A part of this tensor under another shape, sharing its memory.
     *
     * @param offset index of the view's first element, in elements
     * @throws IllegalArgumentException if the view would leave this tensor
     */
    public Tensor view(long offset, long... extents) {
        requireOpen();
        Shape part = Shape.of(extents);
        if (offset < 0 || offset > elements() || part.elements() > elements() - offset) {
            throw new IllegalArgumentException(
                    "a view of " + part.elements() + " elements from " + offset + " leaves a tensor of " + elements());
        }
        return new Tensor(device, dataType, part, address + offset * dataType.bytes(), false, this);
    }

    /**
     * The same memory, taken as elements of another type of as many bytes.
     *
     * @throws IllegalArgumentException if the sizes of the types differ
     */
    public Tensor as(DataType type) {
        requireOpen();
        if (type.bytes() != dataType.bytes()) {
            throw new IllegalArgumentException(this + " cannot be taken as " + type + ": its elements have "
                    + dataType.bytes() + " bytes, not " + type.bytes());
        }
        return new Tensor(device, type, shape, address, false, this);
    }

    /** Sets all bits to zero. */
    public void clear() {
        fillBytes((byte) 0);
    }

    /** Sets every byte to {@code value}; 0xFF makes every floating point element NaN. */
    public void fillBytes(byte value) {
        requireOpen();
        device.fillBytes(address, byteSize(), value);
    }

    /**
     * Copies all elements of {@code source}, which must have the same type and number of elements and lie on the same
     * device or on the CPU, or this tensor must lie on the CPU.
     */
    public void copyFrom(Tensor source) {
        requireOpen();
        if (source.dataType != dataType || source.elements() != elements()) {
            throw new IllegalArgumentException(
                    "cannot copy " + source + " to " + this + ": type and size must be equal");
        }
        if (source.device == device || (!source.device.isCuda() && !device.isCuda())) {
            device.copyBytes(source.address(), address, byteSize());
        } else if (!source.device.isCuda()) {
            device.upload(source.address(), address, byteSize());
        } else if (!device.isCuda()) {
            source.device.download(source.address(), address, byteSize());
        } else {
            throw new IllegalArgumentException("cannot copy between " + source.device + " and " + device);
        }
    }

    /** Sets all elements from {@code values}, converted to this tensor's type. */
    public void copyFrom(float[] values) {
        requireElements(values.length);
        withHost(staging -> {
            for (int from = 0; from < values.length; from += CHUNK) {
                int count = Math.min(CHUNK, values.length - from);
                HostValues.put(dataType, staging + (long) from * dataType.bytes(), values, from, count);
            }
        });
    }

    /** Sets all elements from {@code values}, converted to this tensor's type. */
    public void copyFrom(double[] values) {
        requireElements(values.length);
        withHost(staging -> {
            for (int from = 0; from < values.length; from += CHUNK) {
                int count = Math.min(CHUNK, values.length - from);
                HostValues.put(dataType, staging + (long) from * dataType.bytes(), values, from, count);
            }
        });
    }

    /** Sets all elements of an {@link DataType#I32} tensor. */
    public void copyFrom(int[] values) {
        requireInts();
        requireElements(values.length);
        withHost(staging -> HostMemory.put(staging, values, 0, values.length));
    }

    /** All elements as floats; waits for queued work. */
    public float[] toFloats() {
        float[] values = new float[arrayLength()];
        readHost(staging -> HostValues.get(dataType, staging, values));
        return values;
    }

    /** All elements as doubles; waits for queued work. */
    public double[] toDoubles() {
        double[] values = new double[arrayLength()];
        readHost(staging -> HostValues.get(dataType, staging, values));
        return values;
    }

    /** All elements of an {@link DataType#I32} tensor; waits for queued work. */
    public int[] toInts() {
        requireInts();
        int[] values = new int[arrayLength()];
        readHost(staging -> HostMemory.get(staging, values, 0, values.length));
        return values;
    }

    /** Frees the memory if this tensor owns it. Closing twice is harmless. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (owning) {
                device.free(address, byteSize());
            }
        }
    }

    @Override
    public String toString() {
        return "tensor" + shape + " " + dataType + " on " + device.name();
    }

    private interface HostAction {
        void run(long hostAddress);
    }

    private void withHost(HostAction write) {
        requireOpen();
        if (!device.isCuda()) {
            write.run(address);
            return;
        }
        long staging = HostMemory.allocate(byteSize());
        try {
            write.run(staging);
            device.upload(staging, address, byteSize());
        } finally {
            HostMemory.free(staging);
        }
    }

    private void readHost(HostAction read) {
        requireOpen();
        if (!device.isCuda()) {
            read.run(address);
            return;
        }
        long staging = HostMemory.allocate(byteSize());
        try {
            device.download(address, staging, byteSize());
            read.run(staging);
        } finally {
            HostMemory.free(staging);
        }
    }

    private int arrayLength() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    this + " has more elements than a Java array can hold; read views of it");
        }
        return (int) elements();
    }

    private void requireElements(int found) {
        if (found != elements()) {
            throw new IllegalArgumentException(this + " takes " + elements() + " values, found " + found);
        }
    }

    private void requireInts() {
        if (dataType != DataType.I32) {
            throw new IllegalArgumentException("integers are held by I32 tensors, this is " + this);
        }
    }

    private void requireOpen() {
        if (isClosed()) {
            throw new IllegalStateException(this + " is closed");
        }
        device.requireOpen();
    }
}
