package dev.fusedrnn.internal.cuda;

/**
 * The CUDA runtime calls this library makes, with handles and device pointers as numbers and {@code cudaError_t} as the
 * result. Outputs go to element 0 of an array. One implementation calls CUDA; tests have another that needs no GPU.
 */
public interface CudaApi {
    int COPY_TO_DEVICE = 1;
    int COPY_TO_HOST = 2;
    int COPY_ON_DEVICE = 3;

    int setDevice(int ordinal);

    int deviceSynchronize();

    /** Returns the pending error and clears it, unless it is sticky. */
    int lastError();

    /** Name and text of an error code. */
    String describe(int error);

    /** Writes free and total bytes of the current device. */
    int memoryInfo(long[] freeAndTotal);

    int malloc(long[] address, long bytes);

    int free(long address);

    int mallocHost(long[] address, long bytes);

    int freeHost(long address);

    int copyAsync(long to, long from, long bytes, int kind, long stream);

    /** Copies {@code rows} rows of {@code width} bytes. */
    int copyRowsAsync(long to, long toPitch, long from, long fromPitch, long width, long rows, long stream);

    int setAsync(long to, byte value, long bytes, long stream);

    /** Creates a stream; where blocks of two kernels could start, those of an {@code urgent} one do. */
    int streamCreate(long[] stream, boolean urgent);

    int streamDestroy(long stream);

    int streamSynchronize(long stream);

    int streamWaitEvent(long stream, long event);

    /** Creates an event that can be timed. */
    int eventCreate(long[] event);

    int eventDestroy(long event);

    int eventRecord(long event, long stream);

    int eventSynchronize(long event);

    int eventElapsed(float[] milliseconds, long from, long to);

    /** Begins recording what is queued on {@code stream} and on streams that wait for it. */
    int captureBegin(long stream);

    int captureEnd(long[] graph, long stream);

    int graphDestroy(long graph);

    int graphNodes(long[] count, long graph);

    int graphInstantiate(long[] executable, long graph);

    /** Puts the nodes of {@code graph} into an executable of the same topology. */
    int graphUpdate(long executable, long graph);

    int graphLaunch(long executable, long stream);

    int executableDestroy(long executable);
}
