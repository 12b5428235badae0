package dev.fusedrnn.internal.blas;

import org.bytedeco.dnnl.global.dnnl;

/**
 * Matrix products by oneDNN, whose generated kernels are up to twice as fast as OpenBLAS' on the thin products of a time
 * step (measured in {@code benchmarks/README.md}).
 */
final class OneDnn implements Sgemm {
    private final OpenMpThreads threads = new OpenMpThreads();
    private final FloatAt a = new FloatAt();
    private final FloatAt b = new FloatAt();
    private final FloatAt c = new FloatAt();

    /** Whether oneDNN is on the class path, loads here, and can be kept to one thread. */
    static boolean isUsable() {
        try {
            new OneDnn();
            return true;
        } catch (LinkageError | IllegalStateException absent) {
            return false;
        }
    }

    @Override
    public void sgemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            long aAddress,
            int lda,
            long bAddress,
            int ldb,
            float beta,
            long cAddress,
            int ldc) {
        threads.one();
        int status = dnnl.dnnl_sgemm(
                flag(transposeA),
                flag(transposeB),
                m,
                n,
                k,
                alpha,
                a.at(aAddress),
                lda,
                b.at(bAddress),
                ldb,
                beta,
                c.at(cAddress),
                ldc);
        if (status != 0) {
            throw new IllegalStateException("oneDNN refused a product of " + m + "x" + k + " and " + k + "x" + n
                    + " with row lengths " + lda + ", " + ldb + ", " + ldc + ": status " + status);
        }
    }

    private static byte flag(boolean transposed) {
        return (byte) (transposed ? 'T' : 'N');
    }
}
