package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/**
 * The operations around the recurrence, on one device. Work is queued in order; nothing is allocated per call once sizes
 * repeat, and results are the same bits for the same input.
 *
 * <p>Floating point tensors may be F32, BF16 or F16 unless said otherwise; sums and pointwise arithmetic are done in
 * F32. Scalars that change from step to step (scales, learning rate, norms) are one-element F32 tensors on the device, so
 * that a recorded sequence of calls can be replayed. Matrices are row-major. Confined to one thread at a time.
 */
public sealed interface Kernels extends AutoCloseable permits CpuKernels, CudaKernels {
    /** The operations of a device. */
    static Kernels of(Device device) {
        return device.isCuda() ? new CudaKernels(device) : new CpuKernels(device);
    }

    /** The device this works on. */
    Device device();

    /** Sets every element to {@code value}. */
    void fill(Tensor tensor, float value);

    /** Copies every element, converting between floating point types. */
    void convert(Tensor from, Tensor to);

    /**
     * Copies a block of columns of one matrix into another, converting between floating point types; all else of it stays.
     *
     * @param from [M, P]; read
     * @param fromColumn first column read
     * @param to [M, Q], no part of {@code from}; written
     * @param toColumn first column written
     * @param columns how many
     */
    void copyColumns(Tensor from, long fromColumn, Tensor to, long toColumn, long columns);

    /**
     * {@code c = alpha · op(a) · op(b) + beta · c (+ bias)}, op(a) [m, k], op(b) [k, n], c [m, n].
     *
     * @param transposeA whether a is stored [k, m]
     * @param lda elements from one stored row of a to the next
     * @param transposeB whether b is stored [n, k]
     * @param bias [n] in the type of c, added to every row before it is rounded; or null
     */
    void gemm(
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
            Tensor bias);

    /** Elements from row to row with which products on this device are fastest, at least {@code columns}. */
    long rowPitch(long columns, DataType type);

    /**
     * Whether the products of a linear layer, x [M, F] and weight [O, F], are faster with copies of these in rows of {@link
     * #rowPitch}, the copying included.
     */
    boolean paysToPad(long rows, long inputs, long outputs, DataType type);

    /** Copies {@code from} [M, N] to the start of {@code to} [R, P], R and P at least M and N, and zeros to the rest of it. */
    void padRows(Tensor from, Tensor to);

    /** Copies the first N columns of {@code from} [M, P] to {@code to} [M, N]. */
    void trimRows(Tensor from, Tensor to);

    /**
     * Sums the rows of {@code matrix} [M, P] into {@code sums} [N], in a fixed order; adds to it if {@code accumulate}. Columns
     * from N on are not looked at.
     */
    void columnSum(Tensor matrix, Tensor sums, boolean accumulate);

    /** {@code y += alpha · x}. */
    void addScaled(Tensor y, float alpha, Tensor x);

    /** {@code y = y · scale[0]}. */
    void scale(Tensor y, Tensor scale);

    /** Row {@code ids[i]} of {@code table} [V, E] to row i of {@code out} [M, E]; {@code ids} I32 [M] must be in [0, V). */
    void gather(Tensor ids, Tensor table, Tensor out);

    /**
     * The gradient of {@link #gather}: for every i adds row i of {@code rows} [M, E] to row {@code ids[i]} of {@code
     * table} [V, E], in a fixed order. Overwrites all of the table if not {@code accumulate}.
     */
    void scatterAdd(Tensor ids, Tensor rows, Tensor table, boolean accumulate);

    /**
     * Softmax cross-entropy of each row and its gradient in place.
     *
     * @param logits [M, P]; the first V columns are overwritten by {@code (softmax − onehot(target)) · gradientScale[0]}, zero in
     *     ignored rows; the others are left alone
     * @param classes V
     * @param targets I32 [M]; a negative target is ignored
     * @param losses F32 [M]; written: −log softmax of the target in nats, 0 in ignored rows
     * @param gradientScale F32 [1], or null to leave {@code logits} as they are
     */
    void softmaxCrossEntropy(Tensor logits, int classes, Tensor targets, Tensor losses, Tensor gradientScale);

    /** Additive attention of one step of a decoder: see {@link Attention}. */
    void attention(Attention step);

    /**
     * The way back of {@link #attention}.
     *
     * @param gradients of its tensors; what all steps of a decoder share is added to
     */
    void attentionBackward(Attention step, Attention.Gradients gradients);

    /** Sums an F32 tensor in a fixed order into {@code sum} F32 [1]; adds to it if {@code accumulate}. */
    void sum(Tensor values, Tensor sum, boolean accumulate);

    /**
     * Dropout by {@link DropoutMask}; also its own gradient. {@code out} may be {@code in}.
     *
     * @param random I32 [4]: seed low, seed high, draw, 0
     * @param period element i uses the mask of element {@code i mod period}: N·K for a [T, N, K] that shares one mask among
     *     its time steps; 0 for a mask that does not repeat
     */
    void dropout(Tensor in, Tensor out, float p, Tensor random, int stream, long period);

    /**
     * Dropout of whole rows by {@link DropoutMask}, row i deciding by the mask's element {@code ids[i]}: rows of one id share
     * one fate. Also its own gradient. {@code out} may be {@code in}.
     *
     * @param ids I32 [M], 0 or more
     * @param in [M, E]
     * @param random I32 [4]: seed low, seed high, draw, 0
     */
    void dropoutRows(Tensor ids, Tensor in, Tensor out, float p, Tensor random, int stream);

    /**
     * A penalty on outputs and on their change from time step to time step, with its gradient (Merity, McCann and Socher
     * 2017): {@code loss[0] += activity·Σ y² + change·Σ (y[t] − y[t−1])²}, the second sum over t ≥ 1, in a fixed order.
     *
     * @param y [T, …]; read
     * @param dy as y; the gradient times {@code gradientScale[0]} is added
     * @param gradientScale F32 [1]
     * @param loss F32 [1]; added to
     */
    void activityPenalty(Tensor y, Tensor dy, float activity, float change, Tensor gradientScale, Tensor loss);

    /** Writes the squared Euclidean norm of {@code gradient} to {@code squaredNorm} F32 [1], summed in a fixed order. */
    void squaredNorm(Tensor gradient, Tensor squaredNorm);

    /**
     * The factor of global-norm clipping: {@code scale[0] = lossUnscale · min(1, maxNorm / (lossUnscale·√squaredNorm[0]))}; no
     * limit if {@code maxNorm} is 0. If the norm is not finite, {@code scale[0]} becomes NaN and {@link #update} skips.
     *
     * @param squaredNorm F32 [1]; written as by {@link #squaredNorm}
     * @param scale F32 [1]; written
     */
    void clipScale(Tensor gradients, float maxNorm, float lossUnscale, Tensor squaredNorm, Tensor scale);

    /** One optimizer step over flat arrays. */
    void update(OptimizerUpdate update);

    /**
     * Queues what nobody waits for at once: it starts behind all that is queued now and may run beside what is queued next,
     * until {@link #join}. What is queued in between must not write what {@code work} reads or writes, nor read what it
     * writes. The bits are those of the same calls in order.
     *
     * @param work calls of this object's operations
     */
    void beside(Runnable work);

    /**
     * Queues what {@code work} queues; parts that an engine queued beside it are left there, so that the gradient of the
     * parameters is complete after {@link #join} only. Until then what the pass read must stay as it is.
     *
     * @param work a backward pass of an engine
     */
    void withoutJoin(Runnable work);

    /** What is queued from now on comes after all that was queued {@linkplain #beside beside}. */
    void join();

    /**
     * Work that will be queued again and again.
     *
     * @param work queues the same calls on the same tensors every time; reads and writes no host memory
     */
    Recording recording(Runnable work);

    /** Frees workspaces. Closing twice is harmless. */
    @Override
    void close();
}
