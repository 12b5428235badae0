package dev.fusedrnn.nn;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * What the products of a linear head read and write. Of 16-bit operands the fast products want rows that begin at multiples of
 * 16 bytes. Parameters and features are dense; where their rows are others and the products are large, the head multiplies copies
 * whose rows end in zeros: of the weight once per pass, beside whatever runs before the head, and of a chunk's features and their
 * gradient. Elsewhere it takes them as they are.
 */
final class HeadOperands implements AutoCloseable {
    private final Kernels kernels;
    private final Linear head;
    /** All null where nothing is copied; the gradient in inference too. */
    private final Tensor weight;

    private final Tensor features;
    private final Tensor gradient;
    private boolean weightQueued;

    /**
     * Takes the memory.
     *
     * @param chunkRows rows of features at a time
     * @param copies whether products are given copies
     */
    HeadOperands(Kernels kernels, Linear head, DataType dataType, long chunkRows, boolean training, boolean copies) {
        this.kernels = kernels;
        this.head = head;
        long pitch = kernels.rowPitch(head.inputs(), dataType);
        boolean copied = copies && pitch > head.inputs();
        Tensor copy = null;
        Tensor read = null;
        try {
            copy = copied ? allocate(dataType, kernels.rowPitch(head.outputs(), dataType), pitch) : null;
            read = copied ? allocate(dataType, chunkRows, pitch) : null;
            gradient = copied && training ? allocate(dataType, chunkRows, pitch) : null;
        } catch (RuntimeException | Error noMemory) {
            close(copy, read);
            throw noMemory;
        }
        weight = copy;
        features = read;
    }

    private Tensor allocate(DataType dataType, long rows, long pitch) {
        return kernels.device().allocate(dataType, rows, pitch);
    }

    /** Queues the copy of the weight beside what is queued until the pass. */
    void begin() {
        if (weight != null) {
            kernels.beside(this::copyWeight);
            weightQueued = true;
        }
    }

    private void copyWeight() {
        kernels.padRows(head.weight(), weight);
    }

    /** The weight [O', F'] of a pass, with zeros behind O rows and F columns; copied now unless {@link #begin} has done so. */
    Tensor weight() {
        if (weight == null) {
            return head.weight();
        }
        if (weightQueued) {
            kernels.join();
        } else {
            copyWeight();
        }
        weightQueued = false;
        return weight;
    }

    /** A chunk of features [M, F] as [M, F'], with zeros behind F columns. */
    Tensor features(Tensor chunk) {
        if (features == null) {
            return chunk;
        }
        Tensor copy = start(features, chunk);
        kernels.padRows(chunk, copy);
        return copy;
    }

    /** Where the gradient of a chunk of features goes before it is {@linkplain #finish finished}, [M, F']. */
    Tensor gradient(Tensor chunk) {
        return gradient == null ? chunk : start(gradient, chunk);
    }

    /** Brings the gradient of a chunk of features to its place. */
    void finish(Tensor computed, Tensor chunk) {
        if (computed != chunk) {
            kernels.trimRows(computed, chunk);
        }
    }

    private static Tensor start(Tensor copy, Tensor chunk) {
        return copy.view(0, chunk.shape().extent(0), copy.shape().extent(1));
    }

    /** Bytes of the copies. */
    long bytes() {
        return bytes(weight) + bytes(features) + bytes(gradient);
    }

    private static long bytes(Tensor tensor) {
        return tensor == null ? 0 : tensor.byteSize();
    }

    @Override
    public void close() {
        close(weight, features, gradient);
    }

    private static void close(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                tensor.close();
            }
        }
    }
}
