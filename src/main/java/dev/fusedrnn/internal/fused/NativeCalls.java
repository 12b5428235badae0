package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.NativeCall;
import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.cuda.StreamKernels;
import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnColumnSumParams;
import dev.fusedrnn.internal.natives.FrnnMaskParams;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FrnnTransposeParams;
import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;

/**
 * The native calls around a recurrence, with their parameter structs made once and reused. Every status is looked at.
 * Confined to one thread at a time.
 */
public final class NativeCalls implements AutoCloseable {
    private static final int F32 = FusedRnn.FRNN_F32;

    /** More than any struct of the native interface takes that is no list. */
    private static final long STRUCT_BYTES = 512;

    private final List<HostBlock> memory = new ArrayList<>();
    private final NativeKernels kernels;
    private final NativeCall call;
    private final Packing packing = new Packing(this);
    private final Unpacking unpacking = new Unpacking(this);
    private final FrnnTransposeParams transpose = new FrnnTransposeParams(struct());
    private final FrnnColumnSumParams columnSum = new FrnnColumnSumParams(struct());
    private final FrnnMaskParams mask = new FrnnMaskParams(struct());

    /** Calls on a device; those that name no stream go to the context's own. */
    public NativeCalls(CudaContext context) {
        this(context, context.stream());
    }

    /** Calls on a device; those that name no stream go to {@code stream}. */
    public NativeCalls(CudaContext context, long stream) {
        kernels = StreamKernels.of(context, stream);
        call = new NativeCall(context);
        transpose.structSize(transpose.sizeof());
        columnSum.structSize(columnSum.sizeof());
        mask.structSize(mask.sizeof());
    }

    /** Zeroed memory for one more struct that lives as long as this; JavaCPP's own allocations are counted against the heap. */
    Pointer struct() {
        return struct(STRUCT_BYTES);
    }

    /** The same for a struct of any size, by the name that {@code frnn_struct_size} knows. */
    Pointer struct(String name) {
        return struct(FusedRnn.frnn_struct_size(name));
    }

    private Pointer struct(long bytes) {
        HostBlock block = new HostBlock(bytes);
        memory.add(block);
        return block.take(bytes);
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
    public void copyOrClear(int fromType, long from, int toType, long to, long count) {
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
            pack(fromType, toType, stream, it -> it.add(PackedMatrix.ofRows(rows, columns, rows, pitch), from, to));
        }
    }

    /** Copies rows of {@code pitch} values to dense ones. */
    void denseRows(int fromType, long from, long pitch, int toType, long to, long rows, long columns, long stream) {
        if (pitch == columns) {
            convert(fromType, from, toType, to, rows * columns);
        } else {
            PackedMatrix matrix = PackedMatrix.ofRows(rows, columns, rows, pitch);
            unpack(fromType, toType, false, stream, it -> it.add(matrix, from, to));
        }
    }

    /** Packs the matrices that {@code add} adds. */
    public void pack(int flatType, int packedType, long stream, Consumer<Packing> add) {
        packing.begin(flatType, packedType, stream);
        add.accept(packing);
        packing.launch();
    }

    /** Brings the matrices that {@code add} adds back to the flat layout: added to what is there, or written over it. */
    void unpack(int packedType, int flatType, boolean accumulate, long stream, Consumer<Unpacking> add) {
        unpacking.begin(packedType, flatType, accumulate, stream);
        add.accept(unpacking);
        unpacking.launch();
    }

    /** Adds a row to every row of a matrix. */
    void addRow(int type, long rows, long columns, long matrix, long row) {
        kernels.addRow(type, type, rows, columns, matrix, row);
    }

    /** Row {@code ids[i]} of a table [v, columns] to row i of {@code to}, for {@code count} ids. */
    void gather(int type, long count, long v, long columns, long ids, long table, long to) {
        kernels.gather(type, type, count, v, columns, ids, table, to);
    }

    /** Sums of the rows of each id, [v, columns], in a fixed order. */
    void scatter(int rowsType, int type, long count, long v, long columns, long ids, long rows, long to) {
        kernels.scatterAdd(rowsType, type, false, count, v, columns, ids, rows, to);
    }

    /** Transposes a dense matrix [rows, columns]. */
    void transpose(int type, long from, long to, long rows, long columns, long stream) {
        transpose.type(type).rows(rows).columns(columns).from(from).to(to).stream(stream);
        check(FusedRnn.frnn_transpose(transpose, message()));
    }

    /** Sums the rows of a matrix into F32, and those of a second one of the same sizes if its address is not 0. */
    void columnSums(
            int type,
            long rows,
            long columns,
            long matrix,
            long sums,
            long second,
            long secondSums,
            long workspace,
            long stream) {
        columnSum
                .matrixType(type)
                .sumType(F32)
                .accumulate(0)
                .rows(rows)
                .columns(columns)
                .stride(columns)
                .matrices(0, matrix)
                .matrices(1, second)
                .sums(0, sums)
                .sums(1, second == 0 ? 0 : secondSums)
                .workspace(workspace)
                .counters(kernels.counters())
                .stream(stream);
        check(FusedRnn.frnn_column_sum(columnSum, message()));
    }

    /** Bytes of scratch memory that {@link #columnSums} needs for one matrix. */
    static long columnSumWorkspace(long rows, long columns) {
        return FusedRnn.frnn_column_sum_workspace(rows, columns);
    }

    /** Sets x [T,N,K] to zero behind the lengths. */
    public void mask(int type, long steps, long batch, long features, long lengths, long x, long stream) {
        mask.type(type).T(steps).N(batch).K(features).value(0).lengths(lengths).x(x).stream(stream);
        check(FusedRnn.frnn_mask(mask, message()));
    }

    /** Dropout of {@code count} values from number {@code first} of a tensor on; also its gradient. p may be 1: then all are dropped. */
    public void dropout(
            int type, long in, long out, long first, long count, long period, float p, int streamId, long random) {
        if (p >= 1) {
            clear(type, out, count);
        } else {
            kernels.dropout(type, streamId, p, first, count, period, random, in, out);
        }
    }

    @Override
    public void close() {
        call.close();
        memory.forEach(HostBlock::close);
    }
}
