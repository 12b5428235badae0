package dev.fusedrnn.kernel;

import static dev.fusedrnn.kernel.CudaTypes.cudaType;
import static dev.fusedrnn.kernel.CudaTypes.requireRank2;
import static dev.fusedrnn.kernel.CudaTypes.requireType;
import static dev.fusedrnn.kernel.CudaTypes.type;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.cuda.NativeRows;
import dev.fusedrnn.internal.cuda.RowPolicy;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/**
 * The operations on a CUDA device: products by cuBLASLt, the rest by our own kernels. Every call only queues work and can
 * be recorded in a CUDA graph once it has run with the same sizes.
 */
final class CudaKernels implements Kernels {
    private final Device device;
    private final CudaContext context;
    private final NativeKernels mainKernels;
    private NativeKernels sideKernels;
    private NativeRows rows;
    private CublasLt blas;
    private NativeKernels kernels;
    private long stream;

    CudaKernels(Device device) {
        this.device = device;
        this.context = CudaContext.of(device);
        this.blas = CublasLt.of(context);
        this.mainKernels = new NativeKernels(context);
        this.kernels = mainKernels;
        this.stream = context.stream();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void fill(Tensor tensor, float value) {
        if (here("tensor", tensor).elements() > 0) {
            kernels.fill(type(tensor), tensor.elements(), value, tensor.address());
        }
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        requireElements("to", to, here("from", from).elements());
        if (from.elements() > 0) {
            kernels.convert(type(from), type(to), from.elements(), from.address(), to.address());
        }
    }

    @Override
    public void copyColumns(Tensor from, long fromColumn, Tensor to, long toColumn, long columns) {
        ColumnBlock block = ColumnBlock.of(here("from", from), fromColumn, here("to", to), toColumn, columns);
        if (block.rows() > 0) {
            kernels.convert(
                    type(from),
                    type(to),
                    block.rows(),
                    columns,
                    block.fromPitch(),
                    block.toPitch(),
                    from.address(fromColumn),
                    to.address(toColumn));
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
        CudaGemm.queue(
                blas, kernels, device, transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias);
    }

    @Override
    public long rowPitch(long columns, DataType type) {
        return MatrixProduct.pitch(columns, cudaType(type));
    }

    @Override
    public boolean paysToPad(long rows, long inputs, long outputs, DataType type) {
        return RowPolicy.of(context).paysForLinear(rows, inputs, outputs, cudaType(type));
    }

    @Override
    public void padRows(Tensor from, Tensor to) {
        RowPitch.requireRoom(here("from", from), here("to", to));
        long rows = from.shape().extent(0);
        long columns = from.shape().extent(1);
        if (rows == 0 || columns == 0) {
            fill(to, 0);
            return;
        }
        long toRows = to.shape().extent(0);
        long pitch = to.shape().extent(1);
        rows().pad(type(from), rows, columns, toRows, pitch, from.address(), to.address(), stream);
    }

    @Override
    public void trimRows(Tensor from, Tensor to) {
        RowPitch.requireColumns(here("to", to), here("from", from));
        if (to.elements() > 0) {
            long rows = to.shape().extent(0);
            long columns = to.shape().extent(1);
            rows().trim(type(from), rows, columns, from.shape().extent(1), from.address(), to.address(), stream);
        }
    }

    @Override
    public void columnSum(Tensor matrix, Tensor sums, boolean accumulate) {
        long columns = here("sums", sums).elements();
        long pitch = RowPitch.of("matrix", here("matrix", matrix), columns);
        long rows = matrix.shape().extent(0);
        if (rows > 0) {
            kernels.columnSum(
                    type(matrix), type(sums), accumulate, rows, columns, pitch, matrix.address(), sums.address());
        } else if (!accumulate) {
            fill(sums, 0);
        }
    }

    @Override
    public void addScaled(Tensor y, float alpha, Tensor x) {
        requireElements("x", x, here("y", y).elements());
        if (y.elements() > 0) {
            kernels.addScaled(type(y), type(x), alpha, y.elements(), x.address(), y.address());
        }
    }

    @Override
    public void scale(Tensor y, Tensor scale) {
        requireScalar("scale", scale);
        if (here("y", y).elements() > 0) {
            kernels.scale(type(y), y.elements(), scale.address(), y.address());
        }
    }

    @Override
    public void gather(Tensor ids, Tensor table, Tensor out) {
        requireType("ids", ids, DataType.I32);
        requireRank2("table", table);
        requireElements(
                "out", out, Math.multiplyExact(ids.elements(), table.shape().extent(1)));
        if (out.elements() > 0) {
            kernels.gather(
                    type(table),
                    type(out),
                    ids.elements(),
                    table.shape().extent(0),
                    table.shape().extent(1),
                    ids.address(),
                    table.address(),
                    out.address());
        }
    }

    @Override
    public void scatterAdd(Tensor ids, Tensor rows, Tensor table, boolean accumulate) {
        requireType("ids", ids, DataType.I32);
        requireRank2("table", table);
        requireElements(
                "rows", rows, Math.multiplyExact(ids.elements(), table.shape().extent(1)));
        if (rows.elements() > 0) {
            kernels.scatterAdd(
                    type(rows),
                    type(table),
                    accumulate,
                    ids.elements(),
                    table.shape().extent(0),
                    table.shape().extent(1),
                    ids.address(),
                    rows.address(),
                    table.address());
        } else if (!accumulate) {
            fill(table, 0);
        }
    }

    @Override
    public void softmaxCrossEntropy(Tensor logits, int classes, Tensor targets, Tensor losses, Tensor gradientScale) {
        requireType("targets", targets, DataType.I32);
        long pitch = RowPitch.of("logits", here("logits", logits), classes);
        long rows = logits.shape().extent(0);
        requireElements("targets", targets, rows);
        requireType("losses", losses, DataType.F32);
        requireElements("losses", losses, rows);
        if (gradientScale != null) {
            requireScalar("gradientScale", gradientScale);
        }
        if (rows > 0) {
            kernels.crossEntropy(
                    type(logits),
                    rows,
                    classes,
                    pitch,
                    logits.address(),
                    targets.address(),
                    losses.address(),
                    gradientScale == null ? 0 : gradientScale.address());
        }
    }

    @Override
    public void attention(Attention step) {
        step.checked().all().forEach(tensor -> here("attention", tensor));
        CudaAttention.forward(kernels, step);
    }

    @Override
    public void attentionBackward(Attention step, Attention.Gradients gradients) {
        step.checked().all().forEach(tensor -> here("attention", tensor));
        gradients.checked(step).all().forEach(tensor -> here("gradients of attention", tensor));
        CudaAttention.backward(kernels, step, gradients);
    }

    @Override
    public void sum(Tensor values, Tensor sum, boolean accumulate) {
        requireType("values", values, DataType.F32);
        requireScalar("sum", sum);
        reduce(values, sum, false, accumulate);
    }

    @Override
    public void dropout(Tensor in, Tensor out, float p, Tensor random, int stream, long period) {
        DropoutMask.requirePeriod(period);
        requireElements("out", out, here("in", in).elements());
        requireType("out", out, in.dataType());
        requireType("random", random, DataType.I32);
        requireElements("random", random, 4);
        if (in.elements() == 0) {
            return;
        }
        if (p >= 1) {
            fill(out, 0);
            return;
        }
        kernels.dropout(type(in), stream, p, in.elements(), period, random.address(), in.address(), out.address());
    }

    @Override
    public void dropoutRows(Tensor ids, Tensor in, Tensor out, float p, Tensor random, int stream) {
        requireType("ids", ids, DataType.I32);
        requireElements("out", out, here("in", in).elements());
        requireType("out", out, in.dataType());
        requireType("random", random, DataType.I32);
        requireElements("random", random, 4);
        long rows = ids.elements();
        if (rows == 0) {
            return;
        }
        if (in.elements() % rows != 0) {
            throw new IllegalArgumentException("in must have a row for each of " + rows + " ids, found " + in);
        }
        if (p >= 1) {
            out.clear();
            return;
        }
        kernels.dropoutRows(
                type(in),
                stream,
                p,
                rows,
                in.elements() / rows,
                ids.address(),
                random.address(),
                in.address(),
                out.address());
    }

    @Override
    public void activityPenalty(Tensor y, Tensor dy, float activity, float change, Tensor gradientScale, Tensor loss) {
        requireElements("dy", dy, here("y", y).elements());
        requireType("dy", dy, y.dataType());
        requireScalar("gradientScale", gradientScale);
        requireScalar("loss", loss);
        long steps = y.shape().extent(0);
        kernels.activityPenalty(
                type(y),
                activity,
                change,
                steps,
                y.elements() / steps,
                y.address(),
                dy.address(),
                gradientScale.address(),
                loss.address());
    }

    @Override
    public void squaredNorm(Tensor gradient, Tensor squaredNorm) {
        requireScalar("squaredNorm", squaredNorm);
        reduce(here("gradient", gradient), squaredNorm, true, false);
    }

    @Override
    public void clipScale(Tensor gradients, float maxNorm, float lossUnscale, Tensor squaredNorm, Tensor scale) {
        requireScalar("squaredNorm", squaredNorm);
        requireScalar("scale", scale);
        kernels.clipScale(
                type(here("gradients", gradients)),
                gradients.elements(),
                maxNorm,
                lossUnscale,
                gradients.address(),
                squaredNorm.address(),
                scale.address());
    }

    @Override
    public void update(OptimizerUpdate update) {
        CudaUpdate.queue(kernels, device, update);
    }

    @Override
    public void beside(Runnable work) {
        SideStream side = SideStream.of(context);
        if (sideKernels == null) {
            sideKernels = new NativeKernels(context, side.handle());
        }
        CublasLt mainBlas = blas;
        side.fork();
        blas = side.products();
        kernels = sideKernels;
        stream = side.handle();
        try {
            work.run();
        } finally {
            blas = mainBlas;
            kernels = mainKernels;
            stream = context.stream();
        }
    }

    @Override
    public void withoutJoin(Runnable work) {
        SideStream.of(context).held(work);
    }

    @Override
    public void join() {
        context.joinSide();
    }

    @Override
    public Recording recording(Runnable work) {
        return new CudaRecording(context, work);
    }

    @Override
    public void close() {
        mainKernels.close();
        if (sideKernels != null) {
            sideKernels.close();
        }
        if (rows != null) {
            rows.close();
        }
    }

    private NativeRows rows() {
        if (rows == null) {
            rows = new NativeRows(context);
        }
        return rows;
    }

    private void reduce(Tensor values, Tensor result, boolean squares, boolean accumulate) {
        if (values.elements() > 0) {
            kernels.reduce(type(values), squares, accumulate, values.elements(), values.address(), result.address());
        } else if (!accumulate) {
            fill(result, 0);
        }
    }

    private Tensor here(String name, Tensor tensor) {
        return CudaTypes.requireOn(device, name, tensor);
    }

    private void requireScalar(String name, Tensor tensor) {
        CudaTypes.requireScalar(device, name, tensor);
    }

    private void requireElements(String name, Tensor tensor, long elements) {
        CudaTypes.requireElements(device, name, tensor, elements);
    }
}
