package dev.fusedrnn.internal.cuda;

/**
 * One kind of matrix product {@code c = alpha · op(a) · op(b) + beta · c (+ bias)}, row-major as everywhere else: op(a)
 * [m, k], op(b) [k, n], c [m, n], bias [n] added to every row. Values and addresses are given per call.
 *
 * @param operands type of a and b
 * @param result type of c, and of the bias: that of the operands, or F32
 * @param transposeA whether a is stored [k, m]
 * @param transposeB whether b is stored [n, k]
 * @param lda elements from one stored row of a to the next
 * @param ldb elements from one stored row of b to the next
 * @param ldc elements from one row of c to the next
 * @param bias whether a bias is added
 * @param tf32 whether F32 operands may be rounded to TF32
 * @param alignment largest power of two up to 16 that divides every address
 */
public record MatrixProduct(
        CudaType operands,
        CudaType result,
        boolean transposeA,
        boolean transposeB,
        long m,
        long n,
        long k,
        long lda,
        long ldb,
        long ldc,
        boolean bias,
        boolean tf32,
        int alignment) {
    /** Bytes to which addresses and rows are aligned where products are fastest. */
    public static final int MAX_ALIGNMENT = 16;

    public MatrixProduct {
        if (result != operands && result != CudaType.F32) {
            throw new IllegalArgumentException(
                    "a product of " + operands + " gives " + operands + " or F32, not " + result);
        }
        if (m < 1 || n < 1 || k < 1) {
            throw new IllegalArgumentException("m, n and k must be positive, found " + m + ", " + n + ", " + k);
        }
        requireStride("lda", lda, transposeA ? m : k);
        requireStride("ldb", ldb, transposeB ? k : n);
        requireStride("ldc", ldc, n);
    }

    /** Elements from row to row with which rows of {@code columns} elements begin where products are fastest. */
    public static long pitch(long columns, CudaType type) {
        long step = MAX_ALIGNMENT / type.bytes();
        return Math.multiplyExact(Math.addExact(columns, step - 1) / step, step);
    }

    /** Whether operands and result begin, and all their rows, where products are fastest. */
    public boolean isAligned() {
        return alignment == MAX_ALIGNMENT && hasAlignedOperands() && ldc == pitch(ldc, result);
    }

    /** Whether the operands do. */
    public boolean hasAlignedOperands() {
        return alignment == MAX_ALIGNMENT && lda == pitch(lda, operands) && ldb == pitch(ldb, operands);
    }

    /** The same product of operands that are aligned otherwise. */
    public MatrixProduct withAlignment(int alignment) {
        return new MatrixProduct(
                operands, result, transposeA, transposeB, m, n, k, lda, ldb, ldc, bias, tf32, alignment);
    }

    /** The alignment to give for operands at these addresses; 0 counts for nothing. */
    public static int alignmentOf(long a, long b, long c, long bias) {
        long bits = a | b | c | bias | MAX_ALIGNMENT;
        return (int) Long.lowestOneBit(bits);
    }

    private static void requireStride(String name, long stride, long least) {
        if (stride < least) {
            throw new IllegalArgumentException(name + " must be at least " + least + ", found " + stride);
        }
    }
}
