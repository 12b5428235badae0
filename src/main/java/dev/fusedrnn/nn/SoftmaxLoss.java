package dev.fusedrnn.nn;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * A linear head with softmax cross-entropy over its outputs, and the gradient of both in the same pass.
 *
 * <p>Rows are taken in chunks: logits exist for one chunk at a time, never for the whole of a large batch. A negative target
 * is ignored: its loss and gradient are 0. With a gradient scale of 1/(number of targets that are not), the gradient is that
 * of the masked mean.
 */
public final class SoftmaxLoss implements AutoCloseable {
    /** Logits held at a time in any case: enough for a product to run at full speed. */
    public static final long CHUNK_ELEMENTS = 1 << 22;

    private final Kernels kernels;
    private final Linear head;
    private final long mostRows;
    private final long chunkRows;
    /** Elements from one row of logits to the next. */
    private final long pitch;

    private final HeadOperands operands;
    private final Tensor logits;
    private final Tensor losses;

    /**
     * Takes the buffers for batches of up to a size.
     *
     * @param dataType of features and logits
     * @param rows the largest M
     * @param training whether there are gradients
     */
    public SoftmaxLoss(Kernels kernels, Linear head, DataType dataType, long rows, boolean training) {
        this(
                kernels,
                head,
                dataType,
                rows,
                chunkRows(head, dataType, training),
                training,
                kernels.paysToPad(rows, head.inputs(), head.outputs(), dataType));
    }

    /**
     * Every chunk reads the weight [O, F] once more, and in training reads and writes its F32 gradient: 8·O·F bytes beside
     * about 5 passes over its logits. So a chunk's logits get as many bytes as the weight or that gradient has, with which
     * they cost less than the logits do, and the loss never needs more memory than the head itself.
     */
    private static long chunkRows(Linear head, DataType dataType, boolean training) {
        long asTheWeight = (long) head.inputs() * (training ? Float.BYTES : dataType.bytes()) / dataType.bytes();
        return Math.max(1, Math.max(asTheWeight, CHUNK_ELEMENTS / head.outputs()));
    }

    SoftmaxLoss(
            Kernels kernels,
            Linear head,
            DataType dataType,
            long rows,
            long chunkRows,
            boolean training,
            boolean copies) {
        this.kernels = kernels;
        this.head = head;
        this.mostRows = rows;
        this.chunkRows = Math.min(rows, chunkRows);
        this.pitch = kernels.rowPitch(head.outputs(), dataType);
        if (training) {
            head.takeGradients();
        }
        this.operands = new HeadOperands(kernels, head, dataType, this.chunkRows, training, copies);
        Tensor chunk = null;
        try {
            // What stands behind the classes is multiplied by the zeros behind the weight's rows.
            chunk = kernels.device().zeros(dataType, this.chunkRows, pitch);
            losses = kernels.device().zeros(DataType.F32, rows);
        } catch (RuntimeException | Error noMemory) {
            operands.close();
            if (chunk != null) {
                chunk.close();
            }
            throw noMemory;
        }
        logits = chunk;
    }

    /**
     * Queues beside what is queued until the next pass what that pass needs of the parameters, which must not change until then.
     * To be called only where such a pass follows in the same work.
     */
    public void begin() {
        operands.begin();
    }

    /** Loss of each row in nats, the first M elements of F32, after a pass; 0 where the target is ignored. */
    public Tensor losses() {
        return losses;
    }

    /**
     * Losses alone.
     *
     * @param features [M, F]; read
     * @param targets I32 [M]; read
     */
    public void forward(Tensor features, Tensor targets) {
        long rows = rows(targets);
        Tensor weight = operands.weight();
        for (long from = 0; from < rows; from += chunkRows) {
            long count = Math.min(chunkRows, rows - from);
            Tensor part = logits.view(0, count, pitch);
            Tensor x = operands.features(features.view(from * head.inputs(), count, head.inputs()));
            head.forward(weight, x, part);
            kernels.softmaxCrossEntropy(
                    part, head.outputs(), targets.view(from, count), losses.view(from, count), null);
        }
    }

    /**
     * Losses and gradients. Those of the head's parameters are complete after {@link Kernels#join}, so that they can be
     * computed beside the recurrence that waits for {@code dFeatures}; until then features must stay as they are.
     *
     * @param features [M, F]; read
     * @param targets I32 [M]; read
     * @param gradientScale F32 [1] on the device: what the sum of all losses is multiplied by before it is differentiated
     * @param dFeatures [M, F]; written
     */
    public void forwardBackward(Tensor features, Tensor targets, Tensor gradientScale, Tensor dFeatures) {
        int inputs = head.inputs();
        long rows = rows(targets);
        Tensor weight = operands.weight();
        for (long from = 0; from < rows; from += chunkRows) {
            long count = Math.min(chunkRows, rows - from);
            Tensor part = logits.view(0, count, pitch);
            Tensor x = operands.features(features.view(from * inputs, count, inputs));
            head.forward(weight, x, part);
            kernels.softmaxCrossEntropy(
                    part, head.outputs(), targets.view(from, count), losses.view(from, count), gradientScale);
            Tensor dPart = dFeatures.view(from * inputs, count, inputs);
            Tensor dx = operands.gradient(dPart);
            head.backwardInput(weight, part, dx);
            operands.finish(dx, dPart);
            boolean accumulate = from > 0;
            if (from + count < rows) {
                head.backwardParameters(x, part, accumulate);
            } else {
                kernels.beside(() -> head.backwardParameters(x, part, accumulate));
            }
        }
    }

    /** Bytes of the buffers. */
    public long bytes() {
        return operands.bytes() + logits.byteSize() + losses.byteSize();
    }

    private long rows(Tensor targets) {
        if (targets.elements() > mostRows) {
            throw new IllegalArgumentException("targets must be at most " + mostRows + ", found " + targets);
        }
        return targets.elements();
    }

    @Override
    public void close() {
        operands.close();
        logits.close();
        losses.close();
    }
}
