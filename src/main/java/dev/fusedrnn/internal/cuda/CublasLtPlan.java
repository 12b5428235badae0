package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.host.HostMemory;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** Descriptors and algorithm of one {@link MatrixProduct}. */
final class CublasLtPlan implements AutoCloseable {
    /** At least {@code sizeof(cublasLtMatmulHeuristicResult_t)}. */
    private static final long CHOICE_BYTES = 256;

    private final cublasLtMatmulDescOpaque_t operation;
    private final cublasLtMatrixLayoutOpaque_t left;
    private final cublasLtMatrixLayoutOpaque_t right;
    private final cublasLtMatrixLayoutOpaque_t result;
    private final HostBlock memory = new HostBlock(CHOICE_BYTES + 2L * HostMemory.ALIGNMENT);
    private final cublasLtMatmulHeuristicResult_t choice =
            new cublasLtMatmulHeuristicResult_t(memory.take(CHOICE_BYTES));
    private final Pointer out = memory.take(Long.BYTES);
    private final Pointer argument = memory.take(Long.BYTES);

    CublasLtPlan(CudaContext context, cublasLtContext handle, MatrixProduct p, long workspaceBytes) {
        this.operation = operation(context, p);
        CudaType type = p.operands();
        // Row-major [rows, columns] with stride ld is column-major [columns, rows] with the same stride.
        this.left = layout(context, type, p.transposeB() ? p.k() : p.n(), p.transposeB() ? p.n() : p.k(), p.ldb());
        this.right = layout(context, type, p.transposeA() ? p.m() : p.k(), p.transposeA() ? p.k() : p.m(), p.lda());
        this.result = layout(context, p.result(), p.n(), p.m(), p.ldc());
        try {
            choose(context, handle, p, workspaceBytes);
        } catch (RuntimeException none) {
            close();
            throw none;
        }
    }

    cublasLtMatmulDescOpaque_t operation() {
        return operation;
    }

    cublasLtMatrixLayoutOpaque_t left() {
        return left;
    }

    cublasLtMatrixLayoutOpaque_t right() {
        return right;
    }

    cublasLtMatrixLayoutOpaque_t result() {
        return result;
    }

    cublasLtMatmulAlgo_t algorithm() {
        return choice.algo();
    }

    /** Sets the address of the bias for the next call. */
    void bias(CudaContext context, long address) {
        HostMemory.put(argument.address(), new int[] {(int) address, (int) (address >>> 32)}, 0, 2);
        CublasLt.check(
                context,
                cublas.cublasLtMatmulDescSetAttribute(
                        operation, cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER, argument, Long.BYTES),
                "cublasLtMatmulDescSetAttribute(BIAS_POINTER)");
    }

    @Override
    public void close() {
        cublas.cublasLtMatmulDescDestroy(operation);
        cublas.cublasLtMatrixLayoutDestroy(left);
        cublas.cublasLtMatrixLayoutDestroy(right);
        cublas.cublasLtMatrixLayoutDestroy(result);
        memory.close();
    }

    private cublasLtMatmulDescOpaque_t operation(CudaContext context, MatrixProduct p) {
        int compute = p.tf32() && p.operands() == CudaType.F32
                ? cublas.CUBLAS_COMPUTE_32F_FAST_TF32
                : cublas.CUBLAS_COMPUTE_32F;
        PointerPointer<cublasLtMatmulDescOpaque_t> made = new PointerPointer<>(out);
        CublasLt.check(
                context,
                cublas.cublasLtMatmulDescCreate(made, compute, CudaType.F32.cuda()),
                "cublasLtMatmulDescCreate");
        cublasLtMatmulDescOpaque_t created = made.get(cublasLtMatmulDescOpaque_t.class);
        set(context, created, cublas.CUBLASLT_MATMUL_DESC_TRANSA, operation(p.transposeB()));
        set(context, created, cublas.CUBLASLT_MATMUL_DESC_TRANSB, operation(p.transposeA()));
        if (p.bias()) {
            set(context, created, cublas.CUBLASLT_MATMUL_DESC_EPILOGUE, cublas.CUBLASLT_EPILOGUE_BIAS);
            set(
                    context,
                    created,
                    cublas.CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE,
                    p.result().cuda());
        }
        return created;
    }

    private void choose(CudaContext context, cublasLtContext handle, MatrixProduct p, long workspaceBytes) {
        PointerPointer<cublasLtMatmulPreferenceOpaque_t> made = new PointerPointer<>(out);
        CublasLt.check(context, cublas.cublasLtMatmulPreferenceCreate(made), "cublasLtMatmulPreferenceCreate");
        cublasLtMatmulPreferenceOpaque_t preference = made.get(cublasLtMatmulPreferenceOpaque_t.class);
        try {
            prefer(context, preference, cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspaceBytes, Long.BYTES);
            // Parts of a split sum are added in F32, never in a 16-bit result.
            prefer(
                    context,
                    preference,
                    cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                    cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE,
                    Integer.BYTES);
            prefer(
                    context,
                    preference,
                    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                    p.alignment(),
                    Integer.BYTES);
            prefer(
                    context,
                    preference,
                    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                    p.alignment(),
                    Integer.BYTES);
            prefer(
                    context,
                    preference,
                    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
                    p.alignment(),
                    Integer.BYTES);
            prefer(
                    context,
                    preference,
                    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
                    p.alignment(),
                    Integer.BYTES);
            int[] found = new int[1];
            int status = cublas.cublasLtMatmulAlgoGetHeuristic(
                    handle, operation, left, right, result, result, preference, 1, choice, found);
            if (status == cublas.CUBLAS_STATUS_NOT_SUPPORTED
                    || status == cublas.CUBLAS_STATUS_SUCCESS && found[0] == 0) {
                throw context.unsupported("cuBLASLt has no algorithm for " + p);
            }
            CublasLt.check(context, status, "cublasLtMatmulAlgoGetHeuristic for " + p);
        } finally {
            cublas.cublasLtMatmulPreferenceDestroy(preference);
        }
    }

    private void set(CudaContext context, cublasLtMatmulDescOpaque_t target, int attribute, int value) {
        HostMemory.put(argument.address(), new int[] {value}, 0, 1);
        CublasLt.check(
                context,
                cublas.cublasLtMatmulDescSetAttribute(target, attribute, argument, Integer.BYTES),
                "cublasLtMatmulDescSetAttribute(" + attribute + ")");
    }

    private void prefer(
            CudaContext context, cublasLtMatmulPreferenceOpaque_t target, int attribute, long value, int bytes) {
        HostMemory.put(argument.address(), new int[] {(int) value, (int) (value >>> 32)}, 0, 2);
        CublasLt.check(
                context,
                cublas.cublasLtMatmulPreferenceSetAttribute(target, attribute, argument, bytes),
                "cublasLtMatmulPreferenceSetAttribute(" + attribute + ")");
    }

    private static int operation(boolean transposed) {
        return transposed ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N;
    }

    private cublasLtMatrixLayoutOpaque_t layout(
            CudaContext context, CudaType type, long rows, long columns, long stride) {
        PointerPointer<cublasLtMatrixLayoutOpaque_t> made = new PointerPointer<>(out);
        CublasLt.check(
                context,
                cublas.cublasLtMatrixLayoutCreate(made, type.cuda(), rows, columns, stride),
                "cublasLtMatrixLayoutCreate");
        return made.get(cublasLtMatrixLayoutOpaque_t.class);
    }
}
