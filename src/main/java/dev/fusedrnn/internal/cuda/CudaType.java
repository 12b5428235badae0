package dev.fusedrnn.internal.cuda;

/** Element types as {@code cudaDataType_t} and {@code cudnnDataType_t} count them. */
public enum CudaType {
    F32(0, 0, 4),
    BF16(14, 9, 2),
    F16(2, 2, 2);

    private final int cuda;
    private final int cudnn;
    private final int bytes;

    CudaType(int cuda, int cudnn, int bytes) {
        this.cuda = cuda;
        this.cudnn = cudnn;
        this.bytes = bytes;
    }

    /** {@code CUDA_R_32F}, {@code CUDA_R_16BF} or {@code CUDA_R_16F}. */
    public int cuda() {
        return cuda;
    }

    /** {@code CUDNN_DATA_FLOAT}, {@code CUDNN_DATA_BFLOAT16} or {@code CUDNN_DATA_HALF}. */
    public int cudnn() {
        return cudnn;
    }

    /** Size of one element. */
    public int bytes() {
        return bytes;
    }
}
