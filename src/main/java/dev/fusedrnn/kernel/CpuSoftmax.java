package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.host.FloatMath;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;

/** Softmax cross-entropy of rows in CPU memory, one row at a time. */
final class CpuSoftmax {
    private final FloatBlocks blocks;
    private final float[] chunk = new float[FloatBlocks.SIZE];
    private final int[] target = new int[1];
    private final float[] loss = new float[1];
    private float[] row = new float[0];

    CpuSoftmax(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void run(Tensor logits, int classes, Tensor targets, Tensor losses, Tensor gradientScale) {
        long rows = targets.elements();
        FloatBlocks.requireType("targets", targets, DataType.I32);
        FloatBlocks.requireType("losses", losses, DataType.F32);
        FloatBlocks.requireElements("losses", losses, rows);
        if (rows == 0) {
            return;
        }
        long pitch = RowPitch.of("logits", logits, classes);
        if (logits.shape().extent(0) != rows) {
            throw new IllegalArgumentException("logits must have " + rows + " rows, found " + logits);
        }
        requireTargets(targets, classes);
        if (row.length < classes) {
            row = new float[classes];
        }
        float scale = gradientScale == null ? 0 : blocks.scalar(gradientScale);
        for (long i = 0; i < rows; i++) {
            blocks.cursor().get(targets.address(i), target, 0, 1);
            loss[0] = row(logits, i * pitch, classes, target[0], gradientScale != null, scale);
            blocks.cursor().put(losses.address(i), loss, 0, 1);
        }
    }

    private void requireTargets(Tensor targets, int classes) {
        for (long i = 0; i < targets.elements(); i++) {
            blocks.cursor().get(targets.address(i), target, 0, 1);
            if (target[0] >= classes) {
                throw new IllegalArgumentException(
                        "targets[" + i + "] must be less than " + classes + ", found " + target[0]);
            }
        }
    }

    private float row(Tensor logits, long at, int classes, int wanted, boolean gradient, float scale) {
        if (wanted < 0) {
            if (gradient) {
                Arrays.fill(row, 0, classes, 0);
                store(logits, at, classes);
            }
            return 0;
        }
        load(logits, at, classes);
        float most = largest(row, classes);
        float atTarget = row[wanted];
        double sum = exponentials(row, classes, most);
        if (gradient) {
            float factor = (float) (scale / sum);
            for (int j = 0; j < classes; j++) {
                row[j] *= factor;
            }
            row[wanted] -= scale;
            store(logits, at, classes);
        }
        return (float) (Math.log(sum) - ((double) atTarget - most));
    }

    private void load(Tensor logits, long at, int classes) {
        for (int from = 0; from < classes; from += FloatBlocks.SIZE) {
            int count = Math.min(FloatBlocks.SIZE, classes - from);
            blocks.load(logits, at + from, chunk, count);
            System.arraycopy(chunk, 0, row, from, count);
        }
    }

    private void store(Tensor logits, long at, int classes) {
        for (int from = 0; from < classes; from += FloatBlocks.SIZE) {
            int count = Math.min(FloatBlocks.SIZE, classes - from);
            System.arraycopy(row, from, chunk, 0, count);
            blocks.store(logits, at + from, chunk, count);
        }
    }

    private static float largest(float[] values, int count) {
        float most = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < count; j++) {
            most = Math.max(most, values[j]);
        }
        return most;
    }

    private static double exponentials(float[] values, int count, float most) {
        double sum = 0;
        for (int j = 0; j < count; j++) {
            float e = FloatMath.exp(values[j] - most);
            values[j] = e;
            sum += e;
        }
        return sum;
    }
}
