package dev.fusedrnn.internal.cudnn;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.StreamAt;
import java.nio.charset.StandardCharsets;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudnn;

/** cuDNN's handle on the stream of a context; every status is looked at here. */
public final class CudnnHandle implements AutoCloseable {
    private static final int MESSAGE_BYTES = 512;

    private final CudaContext context;
    private final cudnnContext handle = new cudnnContext();

    private CudnnHandle(CudaContext context) {
        this.context = context;
        context.enter();
        check(cudnn.cudnnCreate(handle), "cudnnCreate");
        check(cudnn.cudnnSetStream(handle, new StreamAt(context.stream())), "cudnnSetStream");
    }

    /** The handle of a context, made on first use. */
    public static CudnnHandle of(CudaContext context) {
        return context.attached(CudnnHandle.class, CudnnHandle::new);
    }

    CudaContext context() {
        return context;
    }

    cudnnContext handle() {
        return handle;
    }

    void check(int status, String call) {
        if (status == cudnn.CUDNN_STATUS_SUCCESS) {
            return;
        }
        byte[] last = new byte[MESSAGE_BYTES];
        cudnn.cudnnGetLastErrorString(last, last.length);
        int length = 0;
        while (length < last.length && last[length] != 0) {
            length++;
        }
        String text = cudnn.cudnnGetErrorString(status).getString();
        if (length > 0) {
            text += ", " + new String(last, 0, length, StandardCharsets.UTF_8).strip();
        }
        throw context.libraryFailure(call, text, isMemory(status), isUnsupported(status));
    }

    static boolean isMemory(int status) {
        return status == cudnn.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
                || status == cudnn.CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    }

    /** The thousands name the class of a status. */
    static boolean isUnsupported(int status) {
        return status / 1000 == cudnn.CUDNN_STATUS_NOT_SUPPORTED / 1000;
    }

    @Override
    public void close() {
        context.quietly(api -> cudnn.cudnnDestroy(handle));
    }
}
