package dev.fusedrnn.io;

import java.util.List;

/**
 * One tensor of a safetensors file as its header describes it.
 *
 * @param name unique in the file
 * @param type element type
 * @param shape sizes, outermost first; empty for a scalar; a size may be 0
 * @param position where the tensor's bytes start, from the start of the file
 * @param bytes how many bytes it has: the product of the shape times the element size
 */
public record TensorEntry(String name, StoredType type, List<Long> shape, long position, long bytes) {
    public TensorEntry {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public long elements() {
        return bytes / type.bytes();
    }

    /**
     * Size in bytes of a tensor.
     *
     * @throws ArithmeticException if it is more than a {@code long} holds, or a size is negative
     */
    static long bytesOf(StoredType type, List<Long> shape) {
        long product = type.bytes();
        boolean empty = false;
        for (long size : shape) {
            if (size < 0) {
                throw new ArithmeticException("negative size " + size);
            }
            // A zero must not hide an overflow of the other sizes.
            empty |= size == 0;
            product = Math.multiplyExact(product, Math.max(size, 1));
        }
        return empty ? 0 : product;
    }
}
