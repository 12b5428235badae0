package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.cuda.MatrixProduct;

/**
 * A matrix product of fixed sizes, {@code c = op(a)·op(b) + beta·c (+ bias)}, row-major; the addresses come with each run.
 * Slices of a tensor may be aligned differently from step to step, so there is one {@link MatrixProduct} per alignment.
 */
final class Gemm {
    private static final int ALIGNMENTS = 5;

    private final CublasLt library;
    private final MatrixProduct widest;
    private final float beta;
    private final MatrixProduct[] byAlignment = new MatrixProduct[ALIGNMENTS];

    private Gemm(CublasLt library, MatrixProduct widest, float beta) {
        this.library = library;
        this.widest = widest;
        this.beta = beta;
    }

    /** Makes the products of one layer. */
    record Factory(CublasLt library, CudaType type, boolean tf32) {
        /** [m, n] = a [m, k] · b [n, k]ᵀ. */
        Gemm byTransposed(CudaType result, long m, long n, long k, long lda, long ldc, boolean bias) {
            return make(result, false, true, m, n, k, lda, k, ldc, 0, bias);
        }

        /** [m, n] (+)= a [m, k] · b [k, n]. */
        Gemm plain(CudaType result, long m, long n, long k, long lda, float beta) {
            return make(result, false, false, m, n, k, lda, n, n, beta, false);
        }

        /** F32 [m, n] (+)= a [k, m]ᵀ · b [k, n]: a sum over rows. */
        Gemm overRows(long m, long n, long k, long lda, long ldb, long ldc, float beta) {
            return make(CudaType.F32, true, false, m, n, k, lda, ldb, ldc, beta, false);
        }

        /** Whether copies of so many elements in aligned rows pay for products of so many multiplications. */
        boolean paysToCopy(double multiplications, double copied) {
            return library.rowPolicy().pays(multiplications, copied, type);
        }

        private Gemm make(
                CudaType result,
                boolean transposeA,
                boolean transposeB,
                long m,
                long n,
                long k,
                long lda,
                long ldb,
                long ldc,
                float beta,
                boolean bias) {
            MatrixProduct product = new MatrixProduct(
                    type,
                    result,
                    transposeA,
                    transposeB,
                    m,
                    n,
                    k,
                    lda,
                    ldb,
                    ldc,
                    bias,
                    tf32,
                    MatrixProduct.MAX_ALIGNMENT);
            return new Gemm(library, product, beta);
        }
    }

    /** Queues the product; {@code bias} is 0 if there is none. */
    void run(long a, long b, long c, long bias) {
        int alignment = MatrixProduct.alignmentOf(a, b, c, bias);
        int slot = Integer.numberOfTrailingZeros(alignment);
        if (byAlignment[slot] == null) {
            byAlignment[slot] = widest.withAlignment(alignment);
        }
        library.multiply(byAlignment[slot], 1, a, b, beta, c, bias);
    }
}
