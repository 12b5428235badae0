package dev.fusedrnn.kernel;

import static dev.fusedrnn.kernel.CudaTypes.cudaType;
import static dev.fusedrnn.kernel.CudaTypes.requireElements;
import static dev.fusedrnn.kernel.CudaTypes.requireOn;
import static dev.fusedrnn.kernel.CudaTypes.requireType;
import static dev.fusedrnn.kernel.CudaTypes.type;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/** Products of matrices on a CUDA device, by cuBLASLt. */
final class CudaGemm {
    private CudaGemm() {}

    /**
     * Checks and queues a product.
     *
     * @see Kernels#gemm
     */
    static void queue(
            CublasLt blas,
            NativeKernels kernels,
            Device device,
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
        requireMatrix(device, "a", a, transposeA ? k : m, transposeA ? m : k, lda);
        requireMatrix(device, "b", b, transposeB ? n : k, transposeB ? k : n, ldb);
        requireMatrix(device, "c", c, m, n, ldc);
        if (b.dataType() != a.dataType()) {
            throw new IllegalArgumentException("a and b must have one type, found " + a + " and " + b);
        }
        if (bias != null) {
            requireType("bias", bias, c.dataType());
            requireElements(device, "bias", bias, n);
        }
        if (m == 0 || n == 0) {
            return;
        }
        if (k == 0) {
            clearEmptyProduct(kernels, m, n, beta, c, ldc, bias);
            return;
        }
        long biasAddress = bias == null ? 0 : bias.address();
        MatrixProduct product = new MatrixProduct(
                cudaType(a),
                cudaType(c),
                transposeA,
                transposeB,
                m,
                n,
                k,
                lda,
                ldb,
                ldc,
                bias != null,
                false,
                MatrixProduct.alignmentOf(a.address(), b.address(), c.address(), biasAddress));
        blas.multiply(product, alpha, a.address(), b.address(), beta, c.address(), biasAddress);
    }

    private static void clearEmptyProduct(
            NativeKernels kernels, long m, long n, float beta, Tensor c, long ldc, Tensor bias) {
        if (beta == 1 && bias == null) {
            return;
        }
        if (beta != 0 || ldc != n || bias != null) {
            throw new IllegalArgumentException("k = 0 needs beta 1, or beta 0 and dense rows of c, and no bias");
        }
        kernels.fill(type(c), Math.multiplyExact(m, n), 0, c.address());
    }

    private static void requireMatrix(Device device, String name, Tensor matrix, long rows, long columns, long stride) {
        requireOn(device, name, matrix);
        if (rows < 0 || columns < 0 || stride < Math.max(1, columns)) {
            throw new IllegalArgumentException(
                    name + " [" + rows + ", " + columns + "] needs a stride of at least its columns, found " + stride);
        }
        long needed = rows == 0 ? 0 : Math.addExact(Math.multiplyExact(rows - 1, stride), columns);
        if (matrix.elements() < needed) {
            throw new IllegalArgumentException(name + " [" + rows + ", " + columns + "] with stride " + stride
                    + " needs " + needed + " elements, found " + matrix);
        }
    }
}
