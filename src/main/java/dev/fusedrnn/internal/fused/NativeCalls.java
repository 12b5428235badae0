package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.NativeCall;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnColumnSumParams;
import dev.fusedrnn.internal.natives.FrnnMaskParams;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FrnnPackBiasParams;
import dev.fusedrnn.internal.natives.FrnnPackRowsParams;
import dev.fusedrnn.internal.natives.FrnnTransposeParams;
import dev.fusedrnn.internal.natives.FrnnUnpackRowsParams;
import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * The native calls around a recurrence, with their parameter structs made once and reused. Every status is looked at.
 * Confined to one thread at a time.
 */
public final class NativeCalls implements AutoCloseable {
    private static final int F32 = FusedRnn.FRNN_F32;

    /** More than any struct of the native interface takes. */
    private static final long STRUCT_BYTES = 512;

    private final List<HostBlock> memory = new ArrayList<>();
    private final NativeKernels kernels;
    private final NativeCall call;
    private final FrnnPackRowsParams packRows = new FrnnPackRowsParams(struct());
    private final FrnnUnpackRowsParams unpackRows = new FrnnUnpackRowsParams(struct());
    private final FrnnPackBiasParams packBias = new FrnnPackBiasParams(struct());
    private final FrnnTransposeParams transpose = new FrnnTransposeParams(struct());
    private final FrnnColumnSumParams columnSum = new FrnnColumnSumParams(struct());
    private final FrnnMaskParams mask = new FrnnMaskParams(struct());

    /** Calls on a device; those that name no stream go to the context's own. */
    public NativeCalls(CudaContext context) {
        this(context, context.stream());
    }

    /** Calls on a device; those that name no stream go to {@code stream}. */
    public NativeCalls(CudaContext context, long stream) {
        kernels = new NativeKernels(context, stream);
        call = new NativeCall(context);
        packRows.structSize(packRows.sizeof());
        unpackRows.structSize(unpackRows.sizeof());
        packBias.structSize(packBias.sizeof());
        transpose.structSize(transpose.sizeof());
        columnSum.structSize(columnSum.sizeof());
        mask.structSize(mask.sizeof());
    }

    /** Zeroed memory for one more struct that lives as long as this; JavaCPP's own allocations are counted against the heap. */
    Pointer struct() {
        HostBlock block = new HostBlock(STRUCT_BYTES);
        memory.add(block);
        return block.take(STRUCT_BYTES);
    }

    /** Where the next call explains a failure. */
    FrnnMessage message() {
        return call.message();
    }

    /** Throws unless {@code status} is 0. */
    void check(int status) {
        call.check(status, "native kernel");
    }

    /** Copies {@code count} values from one type to another. */
    void convert(int fromType, long from, int toType, long to, long count) {
        kernels.convert(fromType, toType, count, from, to);
    }

    /** Copies {@code count} values, or sets them to zero if {@code from} is 0. */
    void copyOrClear(int fromType, long from, int toType, long to, long count) {
        if (from != 0) {
            convert(fromType, from, toType, to, count);
        } else {
            clear(toType, to, count);
        }
    }

    /** Sets {@code count} values to zero. */
    void clear(int type, long x, long count) {
        kernels.fill(type, count, 0, x);
    }

    /** Copies dense rows to rows of {@code pitch} values, with zeros behind their own; zeros alone if {@code from} is 0. */
    void padRows(int fromType, long from, int toType, long to, long rows, long columns, long pitch, long stream) {
        if (from == 0) {
            clear(toType, to, rows * pitch);
        } else if (pitch == columns) {
            convert(fromType, from, toType, to, rows * columns);
        } else {
            packRows(FusedRnn.FRNN_ROWS_INTERLEAVED, fromType, from, toType, to, 1, rows, columns, rows, pitch, stream);
        }
    }

    /** Copies rows of {@code pitch} values to dense ones. */
    void denseRows(int fromType, long from, long pitch, int toType, long to, long rows, long columns, long stream) {
        if (pitch == columns) {
            convert(fromType, from, toType, to, rows * columns);
        } else {
            unpackRows(
                    FusedRnn.FRNN_ROWS_INTERLEAVED, fromType, from, pitch, toType, to, 1, rows, columns, false, stream);
        }
    }

    /** Interleaves the rows of a weight matrix; what is left of the packed matrix becomes zero. */
    void packRows(
            int rows,
            int flatType,
            long flat,
            int packedType,
            long packed,
            long gates,
            long hidden,
            long columns,
            long packedRows,
            long pitch,
            long stream) {
        packRows
                .flatType(flatType)
                .packedType(packedType)
                .rows(rows)
                .gates(gates)
                .hidden(hidden)
                .columns(columns)
                .packedRows(packedRows)
                .packedStride(pitch)
                .flat(flat)
                .packed(packed)
                .stream(stream);
        check(FusedRnn.frnn_pack_rows(packRows, message()));
    }

    /** The way back from interleaved rows to the flat layout. */
    void unpackRows(
            int rows,
            int packedType,
            long packed,
            long pitch,
            int flatType,
            long flat,
            long gates,
            long hidden,
            long columns,
            boolean accumulate,
            long stream) {
        unpackRows
                .packedType(packedType)
                .flatType(flatType)
                .rows(rows)
                .gates(gates)
                .hidden(hidden)
                .columns(columns)
                .accumulate(accumulate ? 1 : 0)
                .packedStride(pitch)
                .packed(packed)
                .flat(flat)
                .stream(stream);
        check(FusedRnn.frnn_unpack_rows(unpackRows, message()));
    }

    /** Transposes a dense matrix [rows, columns]. */
    void transpose(int type, long from, long to, long rows, long columns, long stream) {
        transpose.type(type).rows(rows).columns(columns).from(from).to(to).stream(stream);
        check(FusedRnn.frnn_transpose(transpose, message()));
    }

    /** The bias of the input product, {@code count} values with zeros behind the layer's, and the recurrent bias of a GRU's n. */
    void packBias(int cell, int type, long hidden, long bIh, long bHh, long bias, long count, long bHn, long stream) {
        packBias.cell(cell).flatType(type).biasType(type).hidden(hidden).biasCount(count);
        packBias.bIh(bIh).bHh(bHh).bias(bias).bHn(bHn).stream(stream);
        check(FusedRnn.frnn_pack_bias(packBias, message()));
    }

    /** Sums the rows of a matrix into F32. */
    void columnSum(int type, long matrix, long rows, long columns, long sums, long workspace, long stream) {
        columnSum
                .matrixType(type)
                .sumType(F32)
                .accumulate(0)
                .rows(rows)
                .columns(columns)
                .stride(columns)
                .matrix(matrix)
                .sums(sums)
                .workspace(workspace)
                .stream(stream);
        check(FusedRnn.frnn_column_sum(columnSum, message()));
    }

    static long columnSumWorkspace(long rows, long columns) {
        return FusedRnn.frnn_column_sum_workspace(rows, columns);
    }

    /** Sets x [T,N,K] to zero behind the lengths. */
    public void mask(int type, long steps, long batch, long features, long lengths, long x, long stream) {
        mask.type(type).T(steps).N(batch).K(features).value(0).lengths(lengths).x(x).stream(stream);
        check(FusedRnn.frnn_mask(mask, message()));
    }

    /** Dropout of {@code count} values; also its gradient. p may be 1: then all are dropped. */
    public void dropout(int type, long in, long out, long count, long period, float p, int streamId, long random) {
        if (p >= 1) {
            clear(type, out, count);
        } else {
            kernels.dropout(type, streamId, p, count, period, random, in, out);
        }
    }

    @Override
    public void close() {
        kernels.close();
        call.close();
        memory.forEach(HostBlock::close);
    }
}
