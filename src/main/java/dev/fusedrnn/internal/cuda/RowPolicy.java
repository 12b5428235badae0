package dev.fusedrnn.internal.cuda;

/**
 * Whether 16-bit operands of products are copied to rows that begin at multiples of 16 bytes if their own do not. One per
 * context.
 */
public final class RowPolicy implements AutoCloseable {
    /**
     * Multiplications of products for each element that is copied for them. Reading and writing an element takes an H100 as long as
     * some 490 multiplications of products with aligned rows, and other rows cost at least as much again. An estimate from its
     * bandwidth and rate.
     */
    static final long LEAST_PER_ELEMENT = 512;

    /** Multiplications of products that take longer than the launches of some copies. An estimate. */
    static final long LEAST = 1L << 30;

    private boolean always;

    private RowPolicy(CudaContext context) {}

    /** The one of a context. */
    public static RowPolicy of(CudaContext context) {
        return context.attached(RowPolicy.class, RowPolicy::new);
    }

    /** For tests, before anything is prepared: has operands copied however small the products are. */
    public void ignoreSizes() {
        always = true;
    }

    /** Whether copies of both operands pay for a linear layer, x [rows, inputs] and weight [outputs, inputs], both ways. */
    public boolean paysForLinear(long rows, long inputs, long outputs, CudaType type) {
        double multiplications = 3.0 * rows * inputs * outputs;
        // The weight, the features and their gradient.
        double copied = (double) inputs * (outputs + 2 * rows);
        return MatrixProduct.pitch(inputs, type) > inputs && pays(multiplications, copied, type);
    }

    /** Whether copies of so many elements pay for products of so many multiplications. */
    public boolean pays(double multiplications, double copied, CudaType type) {
        return type != CudaType.F32 && (always || isEnough(multiplications, copied));
    }

    static boolean isEnough(double multiplications, double copied) {
        return multiplications >= LEAST && multiplications >= LEAST_PER_ELEMENT * copied;
    }

    @Override
    public void close() {
        // Holds nothing of the device.
    }
}
