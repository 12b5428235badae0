package dev.fusedrnn.internal.blas;

/**
 * Matrix products on host memory, by oneDNN or, where that is not to be had, by OpenBLAS. Makes no object per call, so an
 * instance is not for two threads at once.
 *
 * <p>A product runs on the calling thread alone; {@link Workers} spreads what is worth it. So OpenBLAS' own threads are off
 * for the whole process, and OpenMP's for every thread that has called.
 *
 * <p>The system property {@code fusedrnn.cpu.blas} names the library: {@code onednn}, {@code openblas}, or {@code auto}, which
 * is the default. It is read once.
 */
public final class Blas {
    /** System property: the library that computes the products. */
    public static final String LIBRARY_PROPERTY = "fusedrnn.cpu.blas";

    private final Sgemm library = Library.ONE_DNN ? new OneDnn() : new OpenBlas();

    /** Name of the library in use. */
    public static String libraryName() {
        return Library.ONE_DNN ? "oneDNN" : "OpenBLAS";
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
        library.sgemm(transposeA, transposeB, m, n, k, alpha, aAddress, lda, bAddress, ldb, beta, cAddress, ldc);
    }

    private static final class Library {
        static final boolean ONE_DNN = chosen(System.getProperty(LIBRARY_PROPERTY, "auto"));

        private Library() {}

        private static boolean chosen(String wanted) {
            return switch (wanted) {
                case "auto" -> OneDnn.isUsable();
                case "onednn" -> true;
                case "openblas" -> false;
                default ->
                    throw new IllegalArgumentException(
                            LIBRARY_PROPERTY + " must be auto, onednn or openblas, found " + wanted);
            };
        }
    }
}
