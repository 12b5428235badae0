package dev.fusedrnn.internal.blas;

import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * Matrix products by OpenBLAS. Its own threads are switched off for the whole process when it is loaded, because they wait
 * by spinning and are woken for every product.
 */
final class OpenBlas implements Sgemm {
    static {
        openblas_nolapack.blas_set_num_threads(1);
    }

    private final FloatAt a = new FloatAt();
    private final FloatAt b = new FloatAt();
    private final FloatAt c = new FloatAt();

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
        openblas_nolapack.cblas_sgemm(
                openblas_nolapack.CblasRowMajor,
                transposeA ? openblas_nolapack.CblasTrans : openblas_nolapack.CblasNoTrans,
                transposeB ? openblas_nolapack.CblasTrans : openblas_nolapack.CblasNoTrans,
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
    }
}
