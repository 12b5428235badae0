package dev.fusedrnn.internal.blas;

/**
 * Matrix products spread over {@link Workers}: rows or columns of the result are divided in a way that depends on the
 * sizes and the number of threads alone. Makes no arrays; an instance is not for two threads at once.
 */
public final class ParallelBlas implements Workers.Work {
    /** Fewer multiplications than this are done before another thread has woken up. */
    private static final long LEAST_WORK = 1L << 21;
    /** Parts are multiples of this, so that only the last one has a remainder for the kernel's slow edge. */
    private static final int GRAIN = 32;

    private final Blas[] blas = new Blas[Workers.threads()];
    private boolean transposeA;
    private boolean transposeB;
    private int m;
    private int n;
    private int k;
    private float alpha;
    private long a;
    private int lda;
    private long b;
    private int ldb;
    private float beta;
    private long c;
    private int ldc;
    private int share;

    /** Products that all workers share. */
    public ParallelBlas() {
        for (int i = 0; i < blas.length; i++) {
            blas[i] = new Blas();
        }
    }

    /** As {@link Blas#sgemm}. */
    public void sgemm(
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
            int ldc) {
        int most = Math.max(m, n);
        if (blas.length == 1 || (long) m * n * k < LEAST_WORK || most <= GRAIN) {
            blas[0].sgemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            return;
        }
        this.transposeA = transposeA;
        this.transposeB = transposeB;
        this.m = m;
        this.n = n;
        this.k = k;
        this.alpha = alpha;
        this.a = a;
        this.lda = lda;
        this.b = b;
        this.ldb = ldb;
        this.beta = beta;
        this.c = c;
        this.ldc = ldc;
        int exact = (most + blas.length - 1) / blas.length;
        this.share = (exact + GRAIN - 1) / GRAIN * GRAIN;
        Workers.run((most + share - 1) / share, this);
    }

    @Override
    public void run(int part) {
        long from = (long) part * share;
        if (m >= n) {
            int rows = (int) Math.min(share, m - from);
            long aAt = a + Float.BYTES * (transposeA ? from : from * lda);
            long cAt = c + Float.BYTES * from * ldc;
            blas[part].sgemm(transposeA, transposeB, rows, n, k, alpha, aAt, lda, b, ldb, beta, cAt, ldc);
        } else {
            int columns = (int) Math.min(share, n - from);
            long bAt = b + Float.BYTES * (transposeB ? from * ldb : from);
            long cAt = c + Float.BYTES * from;
            blas[part].sgemm(transposeA, transposeB, m, columns, k, alpha, a, lda, bAt, ldb, beta, cAt, ldc);
        }
    }
}
