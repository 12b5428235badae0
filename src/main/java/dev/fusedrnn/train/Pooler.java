package dev.fusedrnn.train;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link Pooling} of one minibatch's outputs and its gradient. All but the mean takes rows of y, seen as a matrix whose rows
 * are parts of a step's features; the mean sums rows by sample and divides the sums.
 */
final class Pooler implements AutoCloseable {
    private final Pooling pooling;
    private final Kernels kernels;
    private final int steps;
    private final int[] lengths;
    private final int features;
    private final DataType type;
    /** Features of a row that is taken as a whole. */
    private final int rowWidth;

    private final List<Tensor> owned = new ArrayList<>();
    private Tensor rows;
    private Tensor divisors;

    /**
     * A pooling of outputs [T, N, F].
     *
     * @param lengths valid steps of each sample
     */
    Pooler(Pooling pooling, Kernels kernels, RnnConfig rnn, int steps, int[] lengths) {
        this.pooling = pooling;
        this.kernels = kernels;
        this.steps = steps;
        this.lengths = lengths;
        this.features = rnn.totalOutputSize();
        this.type = rnn.dataType();
        this.rowWidth = switch (pooling) {
            case FINAL -> rnn.outputSize();
            case MAX -> 1;
            default -> features;
        };
    }

    /** What the head reads, [T·N, F] or [N, {@link Pooling#features}]; open until this is closed. */
    Tensor forward(Tensor y) {
        int batch = lengths.length;
        if (pooling == Pooling.NONE) {
            return y.view(0, (long) steps * batch, features);
        }
        rows = ints(rows(y));
        if (pooling == Pooling.MEAN) {
            divisors = own(kernels.device().of(type, divisors(), batch, batch));
            Tensor sums = take(batch, features);
            kernels.scatterAdd(rows, y, sums, false);
            return divided(sums);
        }
        Tensor taken = take(rows.elements(), rowWidth);
        kernels.gather(rows, y.view(0, y.elements() / rowWidth, rowWidth), taken);
        return taken.view(0, batch, taken.elements() / batch);
    }

    /** The gradient of y [T, N, F] from that of what {@link #forward} returned. */
    Tensor backward(Tensor dPooled) {
        int batch = lengths.length;
        if (pooling == Pooling.NONE) {
            return dPooled.view(0, steps, batch, features);
        }
        Tensor dy = take(steps, batch, features);
        if (pooling == Pooling.MEAN) {
            // What lies behind a sample's length gets a gradient too, which the recurrence does not look at.
            kernels.gather(rows, divided(dPooled), dy);
            return dy;
        }
        Tensor taken = dPooled.view(0, rows.elements(), rowWidth);
        kernels.scatterAdd(rows, taken, dy.view(0, dy.elements() / rowWidth, rowWidth), false);
        return dy;
    }

    /** The row that each row of y goes to for the mean, else the rows of y that are taken. */
    private int[] rows(Tensor y) {
        return switch (pooling) {
            case FINAL -> finalRows();
            case FIRST_LAST -> firstAndLastRows();
            case MEAN -> samples();
            case MAX -> largest(y.toFloats());
            case NONE -> throw new IllegalStateException("no rows are taken");
        };
    }

    /** Rows are the directions of a step. */
    private int[] finalRows() {
        int batch = lengths.length;
        int directions = features / rowWidth;
        int[] taken = new int[batch * directions];
        for (int n = 0; n < batch; n++) {
            taken[n * directions] = ((lengths[n] - 1) * batch + n) * directions;
            for (int d = 1; d < directions; d++) {
                taken[n * directions + d] = n * directions + d;
            }
        }
        return taken;
    }

    private int[] firstAndLastRows() {
        int batch = lengths.length;
        int[] taken = new int[2 * batch];
        for (int n = 0; n < batch; n++) {
            taken[2 * n] = n;
            taken[2 * n + 1] = (lengths[n] - 1) * batch + n;
        }
        return taken;
    }

    /** Outputs behind a sample's length are zero and add nothing. */
    private int[] samples() {
        int[] sample = new int[steps * lengths.length];
        for (int i = 0; i < sample.length; i++) {
            sample[i] = i % lengths.length;
        }
        return sample;
    }

    private int[] largest(float[] y) {
        int batch = lengths.length;
        int[] taken = new int[batch * features];
        for (int n = 0; n < batch; n++) {
            for (int j = 0; j < features; j++) {
                int best = n * features + j;
                for (int t = 1; t < lengths[n]; t++) {
                    int at = (t * batch + n) * features + j;
                    best = y[at] > y[best] ? at : best;
                }
                taken[n * features + j] = best;
            }
        }
        return taken;
    }

    /** A diagonal matrix: 1/length. */
    private float[] divisors() {
        int batch = lengths.length;
        float[] diagonal = new float[batch * batch];
        for (int n = 0; n < batch; n++) {
            diagonal[n * batch + n] = 1f / lengths[n];
        }
        return diagonal;
    }

    private Tensor divided(Tensor values) {
        int batch = lengths.length;
        Tensor result = take(batch, features);
        kernels.gemm(
                false, false, batch, features, batch, 1, divisors, batch, values, features, 0, result, features, null);
        return result;
    }

    private Tensor ints(int[] values) {
        Tensor tensor = own(kernels.device().allocate(DataType.I32, values.length));
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor take(long... extents) {
        return own(kernels.device().allocate(type, extents));
    }

    private Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
    }
}
