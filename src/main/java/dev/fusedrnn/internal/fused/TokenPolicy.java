package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;

/**
 * Whether a layer takes tokens rather than features: the vocabulary must be small beside a minibatch, and the input product large.
 * A small product takes less time than the additional launches of a {@link TokenTable}, which sort the tokens and add by token.
 * One per context.
 */
public final class TokenPolicy implements AutoCloseable {
    private static final long LEAST_ROWS_PER_TOKEN = 2;
    /** Multiplications of an input product that takes a few microseconds, as some launches do, on tensor cores. An estimate. */
    private static final long LEAST_PRODUCT = 1L << 29;
    /** So much slower are products in F32. */
    private static final long F32_FACTOR = 8;

    private boolean always;

    private TokenPolicy(CudaContext context) {}

    /** The one of a context. */
    public static TokenPolicy of(CudaContext context) {
        return context.attached(TokenPolicy.class, TokenPolicy::new);
    }

    /** For tests, before anything is prepared: has tokens taken however small the product is. */
    public void ignoreProducts() {
        always = true;
    }

    /** Whether a layer takes tokens of a vocabulary of V. */
    public boolean takes(LayerShape shape, long vocabulary) {
        return isSmall(shape, vocabulary) && (always || isLargeProduct(shape));
    }

    /** Whether V is small beside T·N. */
    static boolean isSmall(LayerShape shape, long vocabulary) {
        return vocabulary * LEAST_ROWS_PER_TOKEN <= shape.rows();
    }

    /** Whether T·N·C·D·H·G is large. */
    static boolean isLargeProduct(LayerShape shape) {
        boolean slow = shape.storage() == CudaType.F32;
        long gates = shape.directions() * shape.gateRows();
        return shape.rows() * shape.inputs() * gates >= (slow ? LEAST_PRODUCT / F32_FACTOR : LEAST_PRODUCT);
    }

    @Override
    public void close() {
        // Holds nothing of the device.
    }
}
