package dev.fusedrnn.internal.blas;

/** One library's product of binary32 matrices, on the calling thread alone. Not for two threads at once. */
sealed interface Sgemm permits OneDnn, OpenBlas {
    /** As {@link Blas#sgemm}. */
    void sgemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc);
}
