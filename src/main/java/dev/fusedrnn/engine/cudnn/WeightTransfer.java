package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.Scratch;
import dev.fusedrnn.engine.Scratch.Use;
import dev.fusedrnn.engine.cudnn.WeightMap.Segment;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.natives.FusedRnn;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * Brings parameters into cuDNN's weight space and gradients out of it: in place where both layouts, types and alignment
 * agree, else through a copy.
 */
final class WeightTransfer {
    /** The widest load cuDNN's kernels make. */
    private static final long ALIGNMENT = 16;

    /** To which parts of scratch memory are aligned. */
    private static final long PART = 256;

    private final DataType type;
    private final CudaContext context;
    private final NativeKernels kernels;
    private final Scratch scratch;
    private final int stacks;
    private final long bytes;

    /**
     * Transfers for one execution.
     *
     * @param stacks how many stacks of layers there are, each with a weight space of its own
     * @param bytes size of the largest weight space used
     */
    WeightTransfer(
            RnnConfig config, CudaContext context, NativeKernels kernels, Scratch scratch, int stacks, long bytes) {
        this.type = config.dataType();
        this.context = context;
        this.kernels = kernels;
        this.scratch = scratch;
        this.stacks = stacks;
        this.bytes = (bytes + PART - 1) / PART * PART;
    }

    /**
     * The weights of stack {@code stack} as cuDNN wants them.
     *
     * @param changed whether they may differ from those that this returned last for that stack
     */
    long packed(WeightMap map, Tensor parameters, int stack, boolean changed) {
        if (map.identity() && parameters.address() % ALIGNMENT == 0) {
            return parameters.address();
        }
        long packed = scratch.take(Use.WEIGHTS, stacks * bytes).address() + stack * bytes;
        if (!changed) {
            return packed;
        }
        for (Segment segment : map.segments()) {
            context.copy(
                    parameters.address(segment.flat()),
                    packed + segment.packed() * type.bytes(),
                    segment.elements() * type.bytes());
        }
        return packed;
    }

    /** Where cuDNN is to add its gradients: ready to be added to. */
    long gradientTarget(WeightMap map, Tensor gradients, boolean accumulate) {
        if (isDirect(map, gradients)) {
            if (!accumulate) {
                gradients.clear();
            }
            return gradients.address();
        }
        long target = scratch.take(Use.WEIGHT_GRADIENTS, bytes).address();
        context.fill(target, (byte) 0, bytes);
        return target;
    }

    /** Brings what cuDNN has added to {@code target} to its place. */
    void gradientDone(WeightMap map, Tensor gradients, boolean accumulate, long target) {
        if (isDirect(map, gradients)) {
            return;
        }
        int from = type(type);
        int to = type(gradients.dataType());
        for (Segment segment : map.segments()) {
            long source = target + segment.packed() * type.bytes();
            long place = gradients.address(segment.flat());
            if (accumulate) {
                kernels.addScaled(to, from, 1, segment.elements(), source, place);
            } else {
                kernels.convert(from, to, segment.elements(), source, place);
            }
        }
    }

    private boolean isDirect(WeightMap map, Tensor gradients) {
        return map.identity() && gradients.dataType() == type && gradients.address() % ALIGNMENT == 0;
    }

    /** A type as our kernels count it. */
    static int type(DataType dataType) {
        return switch (dataType) {
            case F32 -> FusedRnn.FRNN_F32;
            case BF16 -> FusedRnn.FRNN_BF16;
            case F16 -> FusedRnn.FRNN_F16;
            case F64, I32 -> throw new IllegalArgumentException("gradients are F32, BF16 or F16, found " + dataType);
        };
    }
}
