package dev.fusedrnn.internal.blas;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * Matrix products by OpenBLAS on host memory. Makes no object per call, so an instance is not for two threads at once.
 *
 * <p>A product runs on the calling thread alone: OpenBLAS' own threads are switched off for the whole process when it is
 * loaded, because they wait by spinning and are woken for every product. {@link Workers} spreads what is worth it.
 */
public final class Blas {
    private final FloatAt a = new FloatAt();
    private final FloatAt b = new FloatAt();
    private final FloatAt c = new FloatAt();

    public Blas() {
        Library.load();
    }

    /**
     * {@code c = alpha · op(a) · op(b) + beta · c} in binary32, row-major; c is not read if beta is 0.
     *
     * @param m rows of op(a) and c
     * @param n columns of op(b) and c
     * @param k columns of op(a), rows of op(b)
     * @param lda elements from one stored row of a to the next
     */
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

    private static final class Library {
        static {
            openblas_nolapack.blas_set_num_threads(1);
        }

        private Library() {}

        static void load() {
            // Loading the class has done it.
        }
    }

    private static final class FloatAt extends FloatPointer {
        FloatAt() {
            super((Pointer) null);
        }

        FloatAt at(long address) {
            this.address = address;
            return this;
        }
    }
}
