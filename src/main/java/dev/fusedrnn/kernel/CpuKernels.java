package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;

/** The operations on the CPU: blocks of each tensor pass through small arrays on the heap. */
final class CpuKernels implements Kernels {
    private static final int SIZE = FloatBlocks.SIZE;

    private final Device device;
    private final FloatBlocks blocks = new FloatBlocks();
    private final CpuGemm gemm = new CpuGemm(blocks);
    private final CpuSoftmax softmax = new CpuSoftmax(blocks);
    private final CpuAttention attention = new CpuAttention(blocks);
    private final CpuRows rows = new CpuRows(blocks);
    private final CpuPenalty penalty = new CpuPenalty(blocks);
    private final CpuOptimizer optimizer = new CpuOptimizer(blocks);
    private final float[] left = new float[SIZE];
    private final float[] right = new float[SIZE];
    private final int[] random = new int[4];
    private final int[] words = new int[4];

    CpuKernels(Device device) {
        this.device = device;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void fill(Tensor tensor, float value) {
        if (Float.floatToRawIntBits(value) == 0) {
            tensor.clear();
            return;
        }
        Arrays.fill(left, value);
        for (long at = 0; at < tensor.elements(); at += SIZE) {
            blocks.store(tensor, at, left, count(tensor, at));
        }
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        FloatBlocks.requireElements("to", to, from.elements());
        blocks.copy(from, 0, to, 0, from.elements(), left);
    }

    @Override
    public void copyColumns(Tensor from, long fromColumn, Tensor to, long toColumn, long columns) {
        ColumnBlock block = ColumnBlock.of(from, fromColumn, to, toColumn, columns);
        for (long row = 0; row < block.rows(); row++) {
            blocks.copy(
                    from, row * block.fromPitch() + fromColumn, to, row * block.toPitch() + toColumn, columns, left);
        }
    }

    @Override
    public void gemm(
            boolean transposeA,
            boolean transposeB,
            long m,
            long n,
            long k,
            float alpha,
            Tensor a,
            long lda,
            Tensor b,
            long ldb,
            float beta,
            Tensor c,
            long ldc,
            Tensor bias) {
        gemm.run(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias);
    }

    @Override
    public long rowPitch(long columns, DataType type) {
        return columns;
    }

    @Override
    public boolean paysToPad(long rows, long inputs, long outputs, DataType type) {
        return false;
    }

    @Override
    public void padRows(Tensor from, Tensor to) {
        rows.pad(from, to);
    }

    @Override
    public void trimRows(Tensor from, Tensor to) {
        rows.trim(from, to);
    }

    /** Rows are summed within a block first, then the blocks: the error grows with the square root of their number. */
    @Override
    public void columnSum(Tensor matrix, Tensor sums, boolean accumulate) {
        long width = sums.elements();
        long pitch = RowPitch.of("matrix", matrix, width);
        for (long column = 0; column < width; column += SIZE) {
            int columns = (int) Math.min(SIZE, width - column);
            int rowsAtOnce = columns == pitch ? SIZE / columns : 1;
            if (accumulate) {
                blocks.load(sums, column, right, columns);
            } else {
                Arrays.fill(right, 0, columns, 0);
            }
            for (long at = column; at < matrix.elements(); at += rowsAtOnce * pitch) {
                int part = (int) Math.min((long) columns * rowsAtOnce, matrix.elements() - at);
                blocks.load(matrix, at, left, part);
                foldRows(left, part, columns);
                add(right, 1, left, columns);
            }
            blocks.store(sums, column, right, columns);
        }
    }

    @Override
    public void addScaled(Tensor y, float alpha, Tensor x) {
        FloatBlocks.requireElements("x", x, y.elements());
        for (long at = 0; at < y.elements(); at += SIZE) {
            int count = count(y, at);
            blocks.load(y, at, left, count);
            blocks.load(x, at, right, count);
            add(left, alpha, right, count);
            blocks.store(y, at, left, count);
        }
    }

    @Override
    public void scale(Tensor y, Tensor scale) {
        float factor = blocks.scalar(scale);
        for (long at = 0; at < y.elements(); at += SIZE) {
            int count = count(y, at);
            blocks.load(y, at, left, count);
            for (int i = 0; i < count; i++) {
                left[i] *= factor;
            }
            blocks.store(y, at, left, count);
        }
    }

    @Override
    public void gather(Tensor ids, Tensor table, Tensor out) {
        rows.gather(ids, table, out);
    }

    @Override
    public void scatterAdd(Tensor ids, Tensor rowTensor, Tensor table, boolean accumulate) {
        rows.scatterAdd(ids, rowTensor, table, accumulate);
    }

    @Override
    public void softmaxCrossEntropy(Tensor logits, int classes, Tensor targets, Tensor losses, Tensor gradientScale) {
        softmax.run(logits, classes, targets, losses, gradientScale);
    }

    @Override
    public void attention(Attention step) {
        attention.forward(step.checked());
    }

    @Override
    public void attentionBackward(Attention step, Attention.Gradients gradients) {
        attention.backward(step.checked(), gradients.checked(step));
    }

    @Override
    public void sum(Tensor values, Tensor sum, boolean accumulate) {
        FloatBlocks.requireType("values", values, DataType.F32);
        double total = accumulate ? blocks.scalar(sum) : 0;
        for (long at = 0; at < values.elements(); at += SIZE) {
            int count = count(values, at);
            blocks.load(values, at, left, count);
            total += sum(left, count);
        }
        blocks.setScalar(sum, (float) total);
    }

    @Override
    public void dropout(Tensor in, Tensor out, float p, Tensor randomTensor, int stream, long period) {
        DropoutMask.requirePeriod(period);
        FloatBlocks.requireElements("out", out, in.elements());
        FloatBlocks.requireType("random", randomTensor, DataType.I32);
        FloatBlocks.requireElements("random", randomTensor, 4);
        blocks.cursor().get(randomTensor.address(), random, 0, 4);
        for (long at = 0; at < in.elements(); at += SIZE) {
            int count = count(in, at);
            blocks.load(in, at, left, count);
            DropoutMask.factors(p, random, stream, at, period, words, right, count);
            for (int i = 0; i < count; i++) {
                left[i] *= right[i];
            }
            blocks.store(out, at, left, count);
        }
    }

    @Override
    public void dropoutRows(Tensor ids, Tensor in, Tensor out, float p, Tensor randomTensor, int stream) {
        rows.dropout(ids, in, out, p, randomTensor, stream);
    }

    @Override
    public void activityPenalty(Tensor y, Tensor dy, float activity, float change, Tensor gradientScale, Tensor loss) {
        penalty.add(y, dy, activity, change, gradientScale, loss);
    }

    @Override
    public void squaredNorm(Tensor gradient, Tensor squaredNorm) {
        double total = 0;
        for (long at = 0; at < gradient.elements(); at += SIZE) {
            int count = count(gradient, at);
            blocks.load(gradient, at, left, count);
            total += squares(left, count);
        }
        blocks.setScalar(squaredNorm, (float) total);
    }

    @Override
    public void clipScale(Tensor gradients, float maxNorm, float lossUnscale, Tensor squaredNorm, Tensor scale) {
        squaredNorm(gradients, squaredNorm);
        float squared = blocks.scalar(squaredNorm);
        double norm = lossUnscale * Math.sqrt(squared);
        float factor = lossUnscale;
        if (!Double.isFinite(norm)) {
            factor = Float.NaN;
        } else if (maxNorm != 0 && norm > maxNorm) {
            factor = (float) (lossUnscale * (maxNorm / norm));
        }
        blocks.setScalar(scale, factor);
    }

    @Override
    public void update(OptimizerUpdate update) {
        optimizer.update(update);
    }

    @Override
    public void beside(Runnable work) {
        work.run();
    }

    @Override
    public void withoutJoin(Runnable work) {
        work.run();
    }

    @Override
    public void join() {
        // Everything is done before its call returns.
    }

    @Override
    public Recording recording(Runnable work) {
        return new Recording() {
            @Override
            public void run() {
                work.run();
            }

            @Override
            public void close() {
                // There is nothing but the work itself.
            }
        };
    }

    @Override
    public void close() {
        gemm.close();
    }

    private static int count(Tensor tensor, long at) {
        return (int) Math.min(SIZE, tensor.elements() - at);
    }

    private static void foldRows(float[] values, int count, int columns) {
        for (int from = columns; from < count; from += columns) {
            for (int j = 0; j < columns; j++) {
                values[j] += values[from + j];
            }
        }
    }

    private static void add(float[] y, float alpha, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            y[i] += alpha * x[i];
        }
    }

    /** Four running sums, so that one addition need not wait for the last. */
    private static double sum(float[] values, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += values[i];
            s1 += values[i + 1];
            s2 += values[i + 2];
            s3 += values[i + 3];
        }
        for (; i < count; i++) {
            s0 += values[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    private static double squares(float[] values, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += (double) values[i] * values[i];
            s1 += (double) values[i + 1] * values[i + 1];
            s2 += (double) values[i + 2] * values[i + 2];
            s3 += (double) values[i + 3] * values[i + 3];
        }
        for (; i < count; i++) {
            s0 += (double) values[i] * values[i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
