package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FusedRnn;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/** Element types in the terms of CUDA's libraries and of our kernels, and what operands are held to. */
public final class CudaTypes {
    private CudaTypes() {}

    /** A tensor's type as our kernels count it. */
    static int type(Tensor tensor) {
        return switch (tensor.dataType()) {
            case F32 -> FusedRnn.FRNN_F32;
            case BF16 -> FusedRnn.FRNN_BF16;
            case F16 -> FusedRnn.FRNN_F16;
            case I32 -> FusedRnn.FRNN_I32;
            case F64 -> throw new IllegalArgumentException("the CUDA kernels know no F64, found " + tensor);
        };
    }

    /** A tensor's type as an operand of a product. */
    static CudaType cudaType(Tensor tensor) {
        return cudaType(tensor.dataType());
    }

    /**
     * A type that products and recurrences compute in.
     *
     * @throws IllegalArgumentException for F64 and I32
     */
    public static CudaType cudaType(DataType type) {
        return switch (type) {
            case F32 -> CudaType.F32;
            case BF16 -> CudaType.BF16;
            case F16 -> CudaType.F16;
            default ->
                throw new IllegalArgumentException(
                        "CUDA products and recurrences take F32, BF16 or F16, found " + type);
        };
    }

    /** The tensor, if it lies on the device. */
    static Tensor requireOn(Device device, String name, Tensor tensor) {
        if (tensor.device() != device) {
            throw new IllegalArgumentException(name + " must lie on " + device.name() + ", found " + tensor);
        }
        return tensor;
    }

    static void requireScalar(Device device, String name, Tensor tensor) {
        requireType(name, tensor, DataType.F32);
        requireElements(device, name, tensor, 1);
    }

    static void requireElements(Device device, String name, Tensor tensor, long elements) {
        if (requireOn(device, name, tensor).elements() != elements) {
            throw new IllegalArgumentException(name + " must have " + elements + " elements, found " + tensor);
        }
    }

    static void requireType(String name, Tensor tensor, DataType dataType) {
        if (tensor.dataType() != dataType) {
            throw new IllegalArgumentException(name + " must be " + dataType + ", found " + tensor);
        }
    }

    static void requireRank2(String name, Tensor tensor) {
        if (tensor.shape().rank() != 2) {
            throw new IllegalArgumentException(name + " must be a matrix, found " + tensor);
        }
    }
}
