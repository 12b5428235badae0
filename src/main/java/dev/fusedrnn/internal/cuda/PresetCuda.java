package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FusedRnn;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraphNode_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.cudaGraphExecUpdateResultInfo;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/** CUDA through its JavaCPP preset. Loading this class needs the driver and the runtime library: see {@link CudaRuntime}. */
final class PresetCuda implements CudaApi {
    /** {@code cudaStreamNonBlocking}: no implicit order with the default stream. */
    private static final int NON_BLOCKING = 1;
    /** Priorities of streams: lower numbers come first, and numbers a device does not have mean the nearest one. */
    private static final int URGENT = -1;

    private static final int ORDINARY = 0;
    /** {@code cudaStreamCaptureModeRelaxed}: libraries may make calls that are unsafe only if their result were recorded. */
    private static final int CAPTURE_RELAXED = 2;
    /** At least {@code sizeof(cudaGraphExecUpdateResultInfo)}. */
    private static final long UPDATE_RESULT_BYTES = 64;

    @Override
    public int setDevice(int ordinal) {
        int status = cudart.cudaSetDevice(ordinal);
        if (status != CudaStatus.SUCCESS) {
            return status;
        }
        // Our own library carries a CUDA runtime of its own, with its own idea of the thread's device.
        int own = FusedRnn.frnn_select_device(ordinal, (FrnnMessage) null);
        return own >= FusedRnn.FRNN_ERROR_CUDA ? own - FusedRnn.FRNN_ERROR_CUDA : own;
    }

    @Override
    public int deviceSynchronize() {
        return cudart.cudaDeviceSynchronize();
    }

    @Override
    public int lastError() {
        return cudart.cudaGetLastError();
    }

    @Override
    public String describe(int error) {
        return cudart.cudaGetErrorName(error).getString() + " (" + error + "): "
                + cudart.cudaGetErrorString(error).getString();
    }

    @Override
    public int memoryInfo(long[] freeAndTotal) {
        try (HostBlock memory = new HostBlock(2L * HostMemory.ALIGNMENT)) {
            SizeTPointer free = new SizeTPointer(memory.take(Long.BYTES));
            SizeTPointer total = new SizeTPointer(memory.take(Long.BYTES));
            int status = cudart.cudaMemGetInfo(free, total);
            freeAndTotal[0] = free.get();
            freeAndTotal[1] = total.get();
            return status;
        }
    }

    @Override
    public int malloc(long[] address, long bytes) {
        Address block = new Address(0);
        int status = cudart.cudaMalloc(block, bytes);
        address[0] = block.address();
        return status;
    }

    @Override
    public int free(long address) {
        return cudart.cudaFree(new Address(address));
    }

    @Override
    public int mallocHost(long[] address, long bytes) {
        Address block = new Address(0);
        int status = cudart.cudaMallocHost(block, bytes);
        address[0] = block.address();
        return status;
    }

    @Override
    public int freeHost(long address) {
        return cudart.cudaFreeHost(new Address(address));
    }

    @Override
    public int copyAsync(long to, long from, long bytes, int kind, long stream) {
        return cudart.cudaMemcpyAsync(new Address(to), new Address(from), bytes, kind, new StreamAt(stream));
    }

    @Override
    public int copyRowsAsync(long to, long toPitch, long from, long fromPitch, long width, long rows, long stream) {
        return cudart.cudaMemcpy2DAsync(
                new Address(to),
                toPitch,
                new Address(from),
                fromPitch,
                width,
                rows,
                COPY_ON_DEVICE,
                new StreamAt(stream));
    }

    @Override
    public int setAsync(long to, byte value, long bytes, long stream) {
        return cudart.cudaMemsetAsync(new Address(to), value & 0xff, bytes, new StreamAt(stream));
    }

    @Override
    public int streamCreate(long[] stream, boolean urgent) {
        StreamAt created = new StreamAt(0);
        int status = cudart.cudaStreamCreateWithPriority(created, NON_BLOCKING, urgent ? URGENT : ORDINARY);
        stream[0] = created.address();
        return status;
    }

    @Override
    public int streamDestroy(long stream) {
        return cudart.cudaStreamDestroy(new StreamAt(stream));
    }

    @Override
    public int streamSynchronize(long stream) {
        return cudart.cudaStreamSynchronize(new StreamAt(stream));
    }

    @Override
    public int streamWaitEvent(long stream, long event) {
        return cudart.cudaStreamWaitEvent(new StreamAt(stream), new EventAt(event), 0);
    }

    @Override
    public int eventCreate(long[] event) {
        EventAt created = new EventAt(0);
        int status = cudart.cudaEventCreate(created);
        event[0] = created.address();
        return status;
    }

    @Override
    public int eventDestroy(long event) {
        return cudart.cudaEventDestroy(new EventAt(event));
    }

    @Override
    public int eventRecord(long event, long stream) {
        return cudart.cudaEventRecord(new EventAt(event), new StreamAt(stream));
    }

    @Override
    public int eventSynchronize(long event) {
        return cudart.cudaEventSynchronize(new EventAt(event));
    }

    @Override
    public int eventElapsed(float[] milliseconds, long from, long to) {
        return cudart.cudaEventElapsedTime(milliseconds, new EventAt(from), new EventAt(to));
    }

    @Override
    public int captureBegin(long stream) {
        return cudart.cudaStreamBeginCapture(new StreamAt(stream), CAPTURE_RELAXED);
    }

    @Override
    public int captureEnd(long[] graph, long stream) {
        GraphAt captured = new GraphAt(0);
        int status = cudart.cudaStreamEndCapture(new StreamAt(stream), captured);
        graph[0] = captured.address();
        return status;
    }

    @Override
    public int graphDestroy(long graph) {
        return cudart.cudaGraphDestroy(new GraphAt(graph));
    }

    @Override
    public int graphNodes(long[] count, long graph) {
        try (HostBlock memory = new HostBlock(Long.BYTES)) {
            SizeTPointer nodes = new SizeTPointer(memory.take(Long.BYTES));
            int status = cudart.cudaGraphGetNodes(new GraphAt(graph), (CUgraphNode_st) null, nodes);
            count[0] = nodes.get();
            return status;
        }
    }

    @Override
    public int graphInstantiate(long[] executable, long graph) {
        ExecutableAt created = new ExecutableAt(0);
        int status = cudart.cudaGraphInstantiate(created, new GraphAt(graph), 0);
        executable[0] = created.address();
        return status;
    }

    @Override
    public int graphUpdate(long executable, long graph) {
        try (HostBlock memory = new HostBlock(UPDATE_RESULT_BYTES)) {
            return cudart.cudaGraphExecUpdate(
                    new ExecutableAt(executable),
                    new GraphAt(graph),
                    new cudaGraphExecUpdateResultInfo(memory.take(UPDATE_RESULT_BYTES)));
        }
    }

    @Override
    public int graphLaunch(long executable, long stream) {
        return cudart.cudaGraphLaunch(new ExecutableAt(executable), new StreamAt(stream));
    }

    @Override
    public int executableDestroy(long executable) {
        return cudart.cudaGraphExecDestroy(new ExecutableAt(executable));
    }

    private static final class EventAt extends CUevent_st {
        EventAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class GraphAt extends CUgraph_st {
        GraphAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private static final class ExecutableAt extends CUgraphExec_st {
        ExecutableAt(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}
