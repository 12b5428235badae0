package dev.fusedrnn.internal.cudnn;

import dev.fusedrnn.internal.cuda.Address;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.host.HostMemory;
import java.util.Arrays;
import org.bytedeco.cuda.cudnn.cudnnDropoutStruct;
import org.bytedeco.cuda.cudnn.cudnnRNNDataStruct;
import org.bytedeco.cuda.cudnn.cudnnRNNStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * One recurrent stack of cuDNN for fixed T and N: descriptors, sizes and the three passes. With {@code padded} it takes
 * lengths per sample, in any order, in the layout [T, N, features]; without, all samples are full. Addresses may be 0 where
 * cuDNN's API allows a null.
 */
public final class CudnnRnn implements AutoCloseable {
    /** The projection's number among a layer's matrices. */
    public static final int PROJECTION = 8;

    private static final int PADDING_BYTES = 8;

    private final CudnnHandle library;
    private final CudnnSpec spec;
    private final int steps;
    private final int batch;
    private final boolean padded;
    private final cudnnRNNStruct rnn = new cudnnRNNStruct();
    private final cudnnDropoutStruct dropout = new cudnnDropoutStruct();
    private final cudnnRNNDataStruct xData = new cudnnRNNDataStruct();
    private final cudnnRNNDataStruct yData = new cudnnRNNDataStruct();
    private final cudnnTensorStruct hData = new cudnnTensorStruct();
    private final cudnnTensorStruct cData = new cudnnTensorStruct();
    private final long padding = HostMemory.allocate(PADDING_BYTES);
    private final long weightBytes;
    private final long workspaceBytes;
    private final long reserveBytes;
    private int[] lengths;
    private boolean closed;

    /**
     * Prepares a stack.
     *
     * @param algorithm {@code cudnnRNNAlgo_t}
     * @param training whether sizes are to cover backward passes
     */
    public CudnnRnn(
            CudnnHandle library,
            CudnnSpec spec,
            int algorithm,
            int steps,
            int batch,
            boolean padded,
            boolean training) {
        this.library = library;
        this.spec = spec;
        this.steps = steps;
        this.batch = batch;
        this.padded = padded;
        library.context().enter();
        HostMemory.fill(padding, PADDING_BYTES, (byte) 0);
        try {
            create();
            describe(algorithm);
            int[] full = new int[batch];
            Arrays.fill(full, steps);
            setLengths(full);
            long[] sizes = new long[3];
            readSizes(training, sizes);
            this.weightBytes = sizes[0];
            this.workspaceBytes = sizes[1];
            this.reserveBytes = sizes[2];
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** Bytes of cuDNN's weight space. */
    public long weightBytes() {
        return weightBytes;
    }

    /** Bytes of scratch memory any pass needs. */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /** Bytes kept from forward to backward. */
    public long reserveBytes() {
        return reserveBytes;
    }

    /** Sets the valid steps per sample; for a padded stack. */
    public void setLengths(int[] perSample) {
        if (Arrays.equals(lengths, perSample)) {
            return;
        }
        int layout =
                padded ? cudnn.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED : cudnn.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
        setData(xData, layout, spec.inputSize(), perSample);
        setData(yData, layout, spec.directions() * spec.outputSize(), perSample);
        lengths = perSample.clone();
    }

    /**
     * Where one gate's matrix and bias lie in the weight space.
     *
     * @param layer layer times directions plus direction
     * @param index gate for input matrices, gates plus gate for recurrent ones, {@link #PROJECTION}
     * @param base any address; offsets are relative to it
     */
    public CudnnSlot slot(int layer, int index, long base) {
        cudnnTensorStruct matrix = new cudnnTensorStruct();
        cudnnTensorStruct bias = new cudnnTensorStruct();
        check(cudnn.cudnnCreateTensorDescriptor(matrix), "cudnnCreateTensorDescriptor");
        try {
            check(cudnn.cudnnCreateTensorDescriptor(bias), "cudnnCreateTensorDescriptor");
            try {
                Address matrixAt = new Address(0);
                Address biasAt = new Address(0);
                check(
                        cudnn.cudnnGetRNNWeightParams(
                                library.handle(),
                                rnn,
                                layer,
                                weightBytes,
                                new Address(base),
                                index,
                                matrix,
                                matrixAt,
                                bias,
                                biasAt),
                        "cudnnGetRNNWeightParams");
                return new CudnnSlot(
                        matrixAt.address() == 0 ? -1 : matrixAt.address() - base,
                        matrixAt.address() == 0 ? 0 : elements(matrix),
                        biasAt.address() == 0 ? -1 : biasAt.address() - base,
                        biasAt.address() == 0 ? 0 : elements(bias));
            } finally {
                cudnn.cudnnDestroyTensorDescriptor(bias);
            }
        } finally {
            cudnn.cudnnDestroyTensorDescriptor(matrix);
        }
    }

    /** Queues the forward pass; {@code reserve} is 0 in inference. */
    public void forward(CudnnTensors t, long weights, long workspace, long reserve) {
        library.context().enter();
        boolean training = reserve != 0;
        check(
                cudnn.cudnnRNNForward(
                        library.handle(),
                        rnn,
                        training ? cudnn.CUDNN_FWD_MODE_TRAINING : cudnn.CUDNN_FWD_MODE_INFERENCE,
                        (IntPointer) null,
                        xData,
                        at(t.x()),
                        yData,
                        at(t.y()),
                        hData,
                        at(t.hx()),
                        at(t.hy()),
                        cData,
                        at(t.cx()),
                        at(t.cy()),
                        weightBytes,
                        at(weights),
                        workspaceBytes,
                        at(workspace),
                        training ? reserveBytes : 0,
                        at(reserve)),
                "cudnnRNNForward");
    }

    /** Queues the gradients of x, hx and cx; dy and dx must be given. */
    public void backwardData(CudnnTensors t, CudnnGradients g, long weights, long workspace, long reserve) {
        library.context().enter();
        check(
                cudnn.cudnnRNNBackwardData_v8(
                        library.handle(),
                        rnn,
                        (IntPointer) null,
                        yData,
                        at(t.y()),
                        at(g.dy()),
                        xData,
                        at(g.dx()),
                        hData,
                        at(t.hx()),
                        at(g.dhy()),
                        at(g.dhx()),
                        cData,
                        at(t.cx()),
                        at(g.dcy()),
                        at(g.dcx()),
                        weightBytes,
                        at(weights),
                        workspaceBytes,
                        at(workspace),
                        reserveBytes,
                        at(reserve)),
                "cudnnRNNBackwardData_v8");
    }

    /** Queues adding the gradients of the weights to {@code gradients}; after {@link #backwardData}. */
    public void backwardWeights(CudnnTensors t, long gradients, long workspace, long reserve) {
        library.context().enter();
        check(
                cudnn.cudnnRNNBackwardWeights_v8(
                        library.handle(),
                        rnn,
                        cudnn.CUDNN_WGRAD_MODE_ADD,
                        (IntPointer) null,
                        xData,
                        at(t.x()),
                        hData,
                        at(t.hx()),
                        yData,
                        at(t.y()),
                        weightBytes,
                        at(gradients),
                        workspaceBytes,
                        at(workspace),
                        reserveBytes,
                        at(reserve)),
                "cudnnRNNBackwardWeights_v8");
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        destroy();
        HostMemory.free(padding);
    }

    private void create() {
        check(cudnn.cudnnCreateRNNDescriptor(rnn), "cudnnCreateRNNDescriptor");
        check(cudnn.cudnnCreateDropoutDescriptor(dropout), "cudnnCreateDropoutDescriptor");
        check(cudnn.cudnnCreateRNNDataDescriptor(xData), "cudnnCreateRNNDataDescriptor");
        check(cudnn.cudnnCreateRNNDataDescriptor(yData), "cudnnCreateRNNDataDescriptor");
        check(cudnn.cudnnCreateTensorDescriptor(hData), "cudnnCreateTensorDescriptor");
        check(cudnn.cudnnCreateTensorDescriptor(cData), "cudnnCreateTensorDescriptor");
    }

    private void destroy() {
        if (!rnn.isNull()) {
            cudnn.cudnnDestroyRNNDescriptor(rnn);
        }
        if (!dropout.isNull()) {
            cudnn.cudnnDestroyDropoutDescriptor(dropout);
        }
        for (cudnnRNNDataStruct data : new cudnnRNNDataStruct[] {xData, yData}) {
            if (!data.isNull()) {
                cudnn.cudnnDestroyRNNDataDescriptor(data);
            }
        }
        for (cudnnTensorStruct data : new cudnnTensorStruct[] {hData, cData}) {
            if (!data.isNull()) {
                cudnn.cudnnDestroyTensorDescriptor(data);
            }
        }
    }

    private void describe(int algorithm) {
        // Dropout between layers is drawn by our own generator, so that every engine drops the same elements.
        check(cudnn.cudnnSetDropoutDescriptor(dropout, library.handle(), 0, at(0), 0, 0), "cudnnSetDropoutDescriptor");
        check(
                cudnn.cudnnSetRNNDescriptor_v8(
                        rnn,
                        algorithm,
                        spec.cell(),
                        spec.bias() ? cudnn.CUDNN_RNN_DOUBLE_BIAS : cudnn.CUDNN_RNN_NO_BIAS,
                        spec.bidirectional() ? cudnn.CUDNN_BIDIRECTIONAL : cudnn.CUDNN_UNIDIRECTIONAL,
                        cudnn.CUDNN_LINEAR_INPUT,
                        spec.type().cudnn(),
                        cudnn.CUDNN_DATA_FLOAT,
                        mathType(),
                        spec.inputSize(),
                        spec.hiddenSize(),
                        spec.outputSize(),
                        spec.layers(),
                        dropout,
                        padded ? cudnn.CUDNN_RNN_PADDED_IO_ENABLED : cudnn.CUDNN_RNN_PADDED_IO_DISABLED),
                "cudnnSetRNNDescriptor_v8");
        if (spec.clip() > 0) {
            check(
                    cudnn.cudnnRNNSetClip_v9(rnn, cudnn.CUDNN_RNN_CLIP_MINMAX, -spec.clip(), spec.clip()),
                    "cudnnRNNSetClip_v9");
        }
        if (algorithm == cudnn.CUDNN_RNN_ALGO_PERSIST_DYNAMIC) {
            check(cudnn.cudnnBuildRNNDynamic(library.handle(), rnn, batch), "cudnnBuildRNNDynamic");
        }
        setState(hData, spec.outputSize());
        setState(cData, spec.hiddenSize());
    }

    private int mathType() {
        if (spec.type() != CudaType.F32) {
            return cudnn.CUDNN_TENSOR_OP_MATH;
        }
        return spec.tf32() ? cudnn.CUDNN_DEFAULT_MATH : cudnn.CUDNN_FMA_MATH;
    }

    private void setState(cudnnTensorStruct state, int features) {
        int[] extents = {spec.layers() * spec.directions(), batch, features};
        int[] strides = {Math.multiplyExact(batch, features), features, 1};
        check(
                cudnn.cudnnSetTensorNdDescriptor(state, spec.type().cudnn(), 3, extents, strides),
                "cudnnSetTensorNdDescriptor");
    }

    private void setData(cudnnRNNDataStruct data, int layout, int features, int[] perSample) {
        check(
                cudnn.cudnnSetRNNDataDescriptor(
                        data, spec.type().cudnn(), layout, steps, batch, features, perSample, at(padding)),
                "cudnnSetRNNDataDescriptor");
    }

    private void readSizes(boolean training, long[] weightsWorkspaceReserve) {
        try (HostBlock memory = new HostBlock(3L * HostMemory.ALIGNMENT)) {
            SizeTPointer size = new SizeTPointer(memory.take(Long.BYTES));
            SizeTPointer work = new SizeTPointer(memory.take(Long.BYTES));
            SizeTPointer reserve = new SizeTPointer(memory.take(Long.BYTES));
            check(cudnn.cudnnGetRNNWeightSpaceSize(library.handle(), rnn, size), "cudnnGetRNNWeightSpaceSize");
            weightsWorkspaceReserve[0] = size.get();
            check(
                    cudnn.cudnnGetRNNTempSpaceSizes(
                            library.handle(), rnn, cudnn.CUDNN_FWD_MODE_INFERENCE, xData, work, reserve),
                    "cudnnGetRNNTempSpaceSizes");
            weightsWorkspaceReserve[1] = work.get();
            if (training) {
                check(
                        cudnn.cudnnGetRNNTempSpaceSizes(
                                library.handle(), rnn, cudnn.CUDNN_FWD_MODE_TRAINING, xData, work, reserve),
                        "cudnnGetRNNTempSpaceSizes");
                weightsWorkspaceReserve[1] = Math.max(weightsWorkspaceReserve[1], work.get());
                weightsWorkspaceReserve[2] = reserve.get();
            }
        }
    }

    private long elements(cudnnTensorStruct tensor) {
        int[] type = new int[1];
        int[] rank = new int[1];
        int[] extents = new int[3];
        int[] strides = new int[3];
        check(cudnn.cudnnGetTensorNdDescriptor(tensor, 3, type, rank, extents, strides), "cudnnGetTensorNdDescriptor");
        long elements = 1;
        for (int i = 0; i < Math.min(rank[0], extents.length); i++) {
            elements *= extents[i];
        }
        return elements;
    }

    private void check(int status, String call) {
        library.check(status, call);
    }

    private static Address at(long address) {
        return address == 0 ? null : new Address(address);
    }
}
