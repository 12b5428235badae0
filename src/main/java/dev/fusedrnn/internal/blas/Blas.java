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

    private final Sgemm library = open();

    private static Sgemm open() {
        try {
            return oneDnn() ? new OneDnn() : new OpenBlas();
        } catch (LinkageError absent) {
            UnsatisfiedLinkError clear = new UnsatisfiedLinkError(
                    libraryName() + " cannot be loaded: expected the jars of the JavaCPP presets dnnl and opencl, or"
                            + " openblas, for this platform on the class path, found: " + absent.getMessage());
            clear.initCause(absent);
            throw clear;
        }
    }

    /** Name of the library in use. */
    public static String libraryName() {
        return oneDnn() ? "oneDNN" : "OpenBLAS";
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

    private static boolean oneDnn() {
        return switch (Library.WANTED) {
            case "auto", "onednn", "openblas" -> Library.ONE_DNN;
            default ->
                throw new IllegalArgumentException(
                        LIBRARY_PROPERTY + " must be auto, onednn or openblas, found " + Library.WANTED);
        };
    }

    private static final class Library {
        static final String WANTED = System.getProperty(LIBRARY_PROPERTY, "auto");
        static final boolean ONE_DNN = WANTED.equals("onednn") || (WANTED.equals("auto") && OneDnn.isUsable());

        private Library() {}
    }
}
