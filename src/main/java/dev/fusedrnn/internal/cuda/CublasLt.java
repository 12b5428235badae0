package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostMemory;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.global.cublas;

/**
 * Matrix products through cuBLASLt on one stream. The workspace is fixed and the algorithm is chosen once per {@link
 * MatrixProduct}, so that the same product gives the same bits. A product may be recorded in a graph once it has been run
 * or {@linkplain #prepare prepared}; products on two streams need two of these.
 */
public final class CublasLt implements AutoCloseable {
    /** What NVIDIA recommends for Hopper; no algorithm that needs more is taken. */
    public static final long WORKSPACE_BYTES = 32L << 20;

    private final CudaContext context;
    private final long stream;
    private final cublasLtContext handle;
    private final long workspace;
    private final long scalars;
    private final Map<MatrixProduct, CublasLtPlan> plans = new HashMap<>();
    private boolean closed;

    private CublasLt(CudaContext context) {
        this(context, context.stream());
    }

    /** Products on a stream of this context. */
    public CublasLt(CudaContext context, long stream) {
        this.context = context;
        this.stream = stream;
        context.enter();
        this.workspace = context.allocate(WORKSPACE_BYTES);
        this.handle = new cublasLtContext();
        try {
            check(context, cublas.cublasLtCreate(handle), "cublasLtCreate");
        } catch (RuntimeException | Error failed) {
            context.free(workspace);
            throw failed;
        }
        this.scalars = HostMemory.allocate(2L * Float.BYTES);
    }

    /** The products on the context's own stream, shared by all its users. */
    public static CublasLt of(CudaContext context) {
        return context.attached(CublasLt.class, CublasLt::new);
    }

    /** Chooses the algorithm of a product without running it. */
    public void prepare(MatrixProduct product) {
        plan(product);
    }

    /** Which operands are copied to other rows before they are multiplied. */
    public RowPolicy rowPolicy() {
        return RowPolicy.of(context);
    }

    /** What has been prepared or run so far. */
    public Set<MatrixProduct> products() {
        return Collections.unmodifiableSet(plans.keySet());
    }

    /**
     * Queues a product.
     *
     * @param bias address of the bias, or 0 if the product has none
     */
    public void multiply(MatrixProduct product, float alpha, long a, long b, float beta, long c, long bias) {
        context.enter();
        CublasLtPlan plan = plan(product);
        HostMemory.put(scalars, new float[] {alpha, beta}, 0, 2);
        if (product.bias()) {
            plan.bias(context, bias);
        }
        check(
                context,
                // Column-major cuBLAS computes the transpose: b and a change places.
                cublas.cublasLtMatmul(
                        handle,
                        plan.operation(),
                        new Address(scalars),
                        new Address(b),
                        plan.left(),
                        new Address(a),
                        plan.right(),
                        new Address(scalars + Float.BYTES),
                        new Address(c),
                        plan.result(),
                        new Address(c),
                        plan.result(),
                        plan.algorithm(),
                        new Address(workspace),
                        WORKSPACE_BYTES,
                        new StreamAt(stream)),
                "cublasLtMatmul");
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        plans.values().forEach(CublasLtPlan::close);
        context.quietly(api -> cublas.cublasLtDestroy(handle));
        context.free(workspace);
        HostMemory.free(scalars);
    }

    static void check(CudaContext context, int status, String call) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw context.libraryFailure(
                    call,
                    cublas.cublasLtGetStatusName(status).getString(),
                    status == cublas.CUBLAS_STATUS_ALLOC_FAILED,
                    status == cublas.CUBLAS_STATUS_NOT_SUPPORTED || status == cublas.CUBLAS_STATUS_ARCH_MISMATCH);
        }
    }

    private CublasLtPlan plan(MatrixProduct product) {
        if (closed) {
            throw new IllegalStateException("the matrix products of cuda:" + context.ordinal() + " are closed");
        }
        CublasLtPlan plan = plans.get(product);
        if (plan == null) {
            plan = new CublasLtPlan(context, handle, product, WORKSPACE_BYTES);
            plans.put(product, plan);
        }
        return plan;
    }
}
