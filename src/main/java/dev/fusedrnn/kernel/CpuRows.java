package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;

/** Row look-up in CPU memory and its gradient. */
final class CpuRows {
    private static final int NONE = -1;

    private final FloatBlocks blocks;
    private final float[] sum = new float[FloatBlocks.SIZE];
    private final float[] part = new float[FloatBlocks.SIZE];
    private final int[] random = new int[4];
    private int[] ids = new int[0];
    private int[] first = new int[0];
    private int[] next = new int[0];

    CpuRows(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void gather(Tensor idTensor, Tensor table, Tensor out) {
        int count = readIds(idTensor, table.shape().extent(0));
        if (count == 0) {
            return;
        }
        int width = width(table);
        FloatBlocks.requireElements("out", out, (long) count * width);
        for (int i = 0; i < count; i++) {
            blocks.copy(table, (long) ids[i] * width, out, (long) i * width, width, part);
        }
    }

    void pad(Tensor from, Tensor to) {
        RowPitch.requireRoom(from, to);
        to.clear();
        copyRows(from, to, from.shape().extent(0), from.shape().extent(1));
    }

    void trim(Tensor from, Tensor to) {
        RowPitch.requireColumns(to, from);
        copyRows(from, to, to.shape().extent(0), to.shape().extent(1));
    }

    private void copyRows(Tensor from, Tensor to, long rows, long columns) {
        for (long i = 0; i < rows; i++) {
            blocks.copy(from, i * from.shape().extent(1), to, i * to.shape().extent(1), columns, part);
        }
    }

    void dropout(Tensor idTensor, Tensor in, Tensor out, float p, Tensor randomTensor, int stream) {
        FloatBlocks.requireElements("out", out, in.elements());
        FloatBlocks.requireType("random", randomTensor, DataType.I32);
        FloatBlocks.requireElements("random", randomTensor, 4);
        blocks.cursor().get(randomTensor.address(), random, 0, 4);
        int count = readIds(idTensor, Integer.MAX_VALUE);
        if (count == 0) {
            return;
        }
        long width = in.elements() / count;
        FloatBlocks.requireElements("in", in, count * width);
        for (int i = 0; i < count; i++) {
            float factor = DropoutMask.factor(p, random[0], random[1], random[2], stream, ids[i]);
            scaleRow(in, out, i * width, width, factor);
        }
    }

    private void scaleRow(Tensor in, Tensor out, long first, long width, float factor) {
        for (long from = 0; from < width; from += FloatBlocks.SIZE) {
            int count = (int) Math.min(FloatBlocks.SIZE, width - from);
            blocks.load(in, first + from, part, count);
            for (int j = 0; j < count; j++) {
                // What is dropped is 0 whatever it was: neither -0 nor NaN.
                part[j] = factor == 0 ? 0 : part[j] * factor;
            }
            blocks.store(out, first + from, part, count);
        }
    }

    /** Rows of equal id are summed in F32, in the order they stand, and the sum is rounded once. */
    void scatterAdd(Tensor idTensor, Tensor rows, Tensor table, boolean accumulate) {
        int count = readIds(idTensor, table.shape().extent(0));
        if (!accumulate) {
            table.clear();
        }
        if (count == 0) {
            return;
        }
        int width = width(table);
        FloatBlocks.requireElements("rows", rows, (long) count * width);
        int tableRows = Math.toIntExact(table.shape().extent(0));
        chain(count, tableRows);
        for (int id = 0; id < tableRows; id++) {
            if (first[id] != NONE) {
                sumRows(id, rows, table, width, accumulate);
            }
        }
    }

    private void sumRows(int id, Tensor rows, Tensor table, int width, boolean accumulate) {
        for (int from = 0; from < width; from += FloatBlocks.SIZE) {
            int count = Math.min(FloatBlocks.SIZE, width - from);
            long at = (long) id * width + from;
            if (accumulate) {
                blocks.load(table, at, sum, count);
            } else {
                Arrays.fill(sum, 0, count, 0);
            }
            for (int i = first[id]; i != NONE; i = next[i]) {
                blocks.load(rows, (long) i * width + from, part, count);
                for (int j = 0; j < count; j++) {
                    sum[j] += part[j];
                }
            }
            blocks.store(table, at, sum, count);
        }
    }

    /** Links the positions of each id in rising order. */
    private void chain(int count, int tableRows) {
        if (first.length < tableRows) {
            first = new int[tableRows];
        }
        if (next.length < count) {
            next = new int[count];
        }
        Arrays.fill(first, 0, tableRows, NONE);
        for (int i = count - 1; i >= 0; i--) {
            next[i] = first[ids[i]];
            first[ids[i]] = i;
        }
    }

    private int readIds(Tensor idTensor, long rows) {
        FloatBlocks.requireType("ids", idTensor, DataType.I32);
        int count = Math.toIntExact(idTensor.elements());
        if (ids.length < count) {
            ids = new int[count];
        }
        blocks.cursor().get(idTensor.address(), ids, 0, count);
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || ids[i] >= rows) {
                throw new IllegalArgumentException("ids[" + i + "] must be in [0, " + rows + "), found " + ids[i]);
            }
        }
        return count;
    }

    private static int width(Tensor table) {
        return Math.toIntExact(table.elements() / table.shape().extent(0));
    }
}
