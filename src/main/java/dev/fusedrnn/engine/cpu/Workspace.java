package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.host.HostMemory;
import java.util.Arrays;

/** Scratch of one execution, taken once: one block of host memory cut into parts. */
final class Workspace implements AutoCloseable {
    private static final int LINE = HostMemory.ALIGNMENT / Float.BYTES;

    private final Extents extents;
    private final boolean training;
    private final long block;
    private final long floats;
    private boolean closed;

    Workspace(Extents extents, boolean training) {
        this.extents = extents;
        this.training = training;
        this.floats = transposedAt() + extents.directions() * transposedFloats();
        this.block = HostMemory.allocate(Float.BYTES * floats);
        if (training) {
            float[] ones = new float[1024];
            Arrays.fill(ones, 1);
            for (int at = 0; at < extents.rows(); at += ones.length) {
                int count = Math.min(ones.length, extents.rows() - at);
                HostMemory.put(ones() + (long) Float.BYTES * at, ones, 0, count);
            }
        }
    }

    long bytes() {
        return Float.BYTES * floats;
    }

    /** Gates [T, N, G·H] of an inference pass, gradients of gates [T, N, gradient row] of a backward pass. */
    long gates(int direction) {
        return address(direction * line(extents.gradientFloats()));
    }

    /** [T, N, H]. */
    long extra(int direction) {
        return address(extraAt() + direction * line(extraFloats()));
    }

    /** [T, N, D·(P or H)]: what goes from one layer to the next; two take turns. */
    long sequence(int layer) {
        return address(sequencesAt() + (layer & 1) * line(sequenceFloats()));
    }

    /** [T, N, C]: the input with zeros behind each sample's length. */
    long input() {
        return address(inputAt());
    }

    /** T·N ones. */
    long ones() {
        return address(onesAt());
    }

    /** [N, gradient row]: gradients of gates at each sample's first step. */
    long starts() {
        return address(startsAt());
    }

    /** [P or H, G·H]: recurrent weights of one layer and direction, transposed. */
    long transposed(int direction) {
        return address(transposedAt() + direction * transposedFloats());
    }

    private long address(long at) {
        return block + Float.BYTES * at;
    }

    private long extraAt() {
        return extents.directions() * line(extents.gradientFloats());
    }

    private long extraFloats() {
        return extents.hasExtra() ? extents.cellFloats() : 0;
    }

    private long sequencesAt() {
        return extraAt() + extents.directions() * line(extraFloats());
    }

    private long sequenceFloats() {
        return extents.layers() > 1 ? extents.outputFloats() : 0;
    }

    private long inputAt() {
        return sequencesAt() + 2 * line(sequenceFloats());
    }

    private long onesAt() {
        return inputAt()
                + (training ? line((long) extents.rows() * extents.config().inputSize()) : 0);
    }

    private long startsAt() {
        return onesAt() + (training ? line(extents.rows()) : 0);
    }

    private long startFloats() {
        return training ? line((long) extents.batch() * extents.gradientRow()) : 0;
    }

    private long transposedAt() {
        return startsAt() + startFloats();
    }

    private long transposedFloats() {
        return extents.transposesRecurrent() ? line((long) extents.gateRows() * extents.output()) : 0;
    }

    private static long line(long floats) {
        return (floats + LINE - 1) / LINE * LINE;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            HostMemory.free(block);
        }
    }
}
