package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnActivityPenaltyParams;
import dev.fusedrnn.internal.natives.FrnnAddRowParams;
import dev.fusedrnn.internal.natives.FrnnAddScaledParams;
import dev.fusedrnn.internal.natives.FrnnAttentionBackwardParams;
import dev.fusedrnn.internal.natives.FrnnAttentionParams;
import dev.fusedrnn.internal.natives.FrnnClipScaleParams;
import dev.fusedrnn.internal.natives.FrnnColumnSumParams;
import dev.fusedrnn.internal.natives.FrnnConvertParams;
import dev.fusedrnn.internal.natives.FrnnCrossEntropyParams;
import dev.fusedrnn.internal.natives.FrnnDropoutParams;
import dev.fusedrnn.internal.natives.FrnnDropoutRowsParams;
import dev.fusedrnn.internal.natives.FrnnFillParams;
import dev.fusedrnn.internal.natives.FrnnGatherParams;
import dev.fusedrnn.internal.natives.FrnnReduceParams;
import dev.fusedrnn.internal.natives.FrnnScaleParams;
import dev.fusedrnn.internal.natives.FrnnScatterAddParams;
import dev.fusedrnn.internal.natives.FrnnUpdateParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * Our own kernels around the recurrence, with addresses as numbers and types as {@code FrnnType}. Every method queues work
 * on one stream of the context; see {@code fusedrnn.h} for what each computes.
 */
public final class NativeKernels implements AutoCloseable {
    /** No params struct is larger. */
    private static final long STRUCT_BYTES = 256;

    private static final int STRUCTS = 17;
    private static final long COUNTER_BYTES = (long) Integer.BYTES * FusedRnn.FRNN_COUNTERS;

    private final CudaContext context;
    private final HostBlock memory = new HostBlock(STRUCTS * STRUCT_BYTES);
    private final NativeCall call;
    private final Workspace workspace;
    private final long counters;
    private final FrnnFillParams fill = new FrnnFillParams(memory.take(STRUCT_BYTES));
    private final FrnnConvertParams convert = new FrnnConvertParams(memory.take(STRUCT_BYTES));
    private final FrnnAddScaledParams addScaled = new FrnnAddScaledParams(memory.take(STRUCT_BYTES));
    private final FrnnScaleParams scale = new FrnnScaleParams(memory.take(STRUCT_BYTES));
    private final FrnnAddRowParams addRow = new FrnnAddRowParams(memory.take(STRUCT_BYTES));
    private final FrnnColumnSumParams columnSum = new FrnnColumnSumParams(memory.take(STRUCT_BYTES));
    private final FrnnReduceParams reduce = new FrnnReduceParams(memory.take(STRUCT_BYTES));
    private final FrnnGatherParams gather = new FrnnGatherParams(memory.take(STRUCT_BYTES));
    private final FrnnScatterAddParams scatterAdd = new FrnnScatterAddParams(memory.take(STRUCT_BYTES));
    private final FrnnCrossEntropyParams crossEntropy = new FrnnCrossEntropyParams(memory.take(STRUCT_BYTES));
    private final FrnnAttentionParams attention = new FrnnAttentionParams(memory.take(STRUCT_BYTES));
    private final FrnnAttentionBackwardParams attentionBackward =
            new FrnnAttentionBackwardParams(memory.take(STRUCT_BYTES));
    private final FrnnDropoutParams dropout = new FrnnDropoutParams(memory.take(STRUCT_BYTES));
    private final FrnnDropoutRowsParams dropoutRows = new FrnnDropoutRowsParams(memory.take(STRUCT_BYTES));
    private final FrnnActivityPenaltyParams penalty = new FrnnActivityPenaltyParams(memory.take(STRUCT_BYTES));
    private final FrnnClipScaleParams clipScale = new FrnnClipScaleParams(memory.take(STRUCT_BYTES));
    private final FrnnUpdateParams update = new FrnnUpdateParams(memory.take(STRUCT_BYTES));
    private boolean closed;

    /** Kernels on the stream of a context. */
    public NativeKernels(CudaContext context) {
        this(context, context.stream());
    }

    /** Kernels on another stream of a context. */
    public NativeKernels(CudaContext context, long stream) {
        this.context = context;
        this.call = new NativeCall(context);
        this.workspace = new Workspace(context);
        this.counters = zeros(COUNTER_BYTES);
        fill.structSize(fill.sizeof()).stream(stream);
        convert.structSize(convert.sizeof()).reserved(0).stream(stream);
        addScaled.structSize(addScaled.sizeof()).stream(stream);
        scale.structSize(scale.sizeof()).stream(stream);
        addRow.structSize(addRow.sizeof()).reserved(0).stream(stream);
        columnSum.structSize(columnSum.sizeof()).matrices(1, 0).sums(1, 0).counters(counters).stream(stream);
        reduce.structSize(reduce.sizeof()).counters(counters).stream(stream);
        gather.structSize(gather.sizeof()).reserved(0).error(0).stream(stream);
        scatterAdd.structSize(scatterAdd.sizeof()).stream(stream);
        crossEntropy.structSize(crossEntropy.sizeof()).best(0).error(0).stream(stream);
        attention.structSize(attention.sizeof()).stream(stream);
        attentionBackward.structSize(attentionBackward.sizeof()).stream(stream);
        dropout.structSize(dropout.sizeof()).stream(stream);
        dropoutRows.structSize(dropoutRows.sizeof()).stream(stream);
        penalty.structSize(penalty.sizeof()).counters(counters).stream(stream);
        clipScale.structSize(clipScale.sizeof()).lossUnscale(0).counters(counters).stream(stream);
        update.structSize(update.sizeof()).stream(stream);
    }

    /** Sets every element. */
    public void fill(int type, long count, double value, long x) {
        enter();
        fill.type(type).count(count).value(value).x(x);
        call.check(FusedRnn.frnn_fill(fill, call.message()), "frnn_fill");
    }

    /** Copies with conversion. */
    public void convert(int fromType, int toType, long count, long from, long to) {
        convert(fromType, toType, 1, count, count, count, from, to);
    }

    /** The same for a block of columns; pitches are elements from row to row. */
    public void convert(
            int fromType, int toType, long rows, long columns, long fromPitch, long toPitch, long from, long to) {
        enter();
        convert.fromType(fromType)
                .toType(toType)
                .rows(rows)
                .columns(columns)
                .fromStride(fromPitch)
                .toStride(toPitch);
        convert.from(from).to(to);
        call.check(FusedRnn.frnn_convert(convert, call.message()), "frnn_convert");
    }

    /** {@code y += alpha·x}. */
    public void addScaled(int yType, int xType, float alpha, long count, long x, long y) {
        enter();
        addScaled.yType(yType).xType(xType).alpha(alpha).count(count).x(x).y(y);
        call.check(FusedRnn.frnn_add_scaled(addScaled, call.message()), "frnn_add_scaled");
    }

    /** {@code y *= scale[0]}. */
    public void scale(int type, long count, long factor, long y) {
        enter();
        scale.type(type).count(count).scale(factor).y(y);
        call.check(FusedRnn.frnn_scale(scale, call.message()), "frnn_scale");
    }

    /** Adds a row to every row of a matrix. */
    public void addRow(int matrixType, int rowType, long rows, long columns, long matrix, long row) {
        enter();
        addRow.matrixType(matrixType)
                .rowType(rowType)
                .rows(rows)
                .columns(columns)
                .matrix(matrix)
                .row(row);
        call.check(FusedRnn.frnn_add_row(addRow, call.message()), "frnn_add_row");
    }

    /** Sums the rows of a matrix. */
    public void columnSum(
            int matrixType,
            int sumType,
            boolean accumulate,
            long rows,
            long columns,
            long stride,
            long matrix,
            long sums) {
        enter();
        columnSum.matrixType(matrixType).sumType(sumType).accumulate(accumulate ? 1 : 0);
        columnSum.rows(rows).columns(columns).stride(stride).matrices(0, matrix).sums(0, sums);
        columnSum.workspace(workspace.atLeast(FusedRnn.frnn_column_sum_workspace(rows, columns)));
        call.check(FusedRnn.frnn_column_sum(columnSum, call.message()), "frnn_column_sum");
    }

    /** Sums all values, or their squares. */
    public void reduce(int type, boolean squares, boolean accumulate, long count, long x, long result) {
        enter();
        reduce.type(type).reduction(squares ? FusedRnn.FRNN_SUM_OF_SQUARES : FusedRnn.FRNN_SUM);
        reduce.accumulate(accumulate ? 1 : 0).count(count).x(x).result(result);
        reduce.workspace(workspace.atLeast(FusedRnn.frnn_reduce_workspace(count)));
        call.check(FusedRnn.frnn_reduce(reduce, call.message()), "frnn_reduce");
    }

    /** Rows of a table by id. */
    public void gather(int tableType, int rowsType, long m, long v, long e, long ids, long table, long rows) {
        enter();
        gather.tableType(tableType)
                .rowsType(rowsType)
                .M(m)
                .V(v)
                .E(e)
                .ids(ids)
                .table(table)
                .rows(rows);
        call.check(FusedRnn.frnn_gather(gather, call.message()), "frnn_gather");
    }

    /** The gradient of {@link #gather}. */
    public void scatterAdd(
            int rowsType, int tableType, boolean accumulate, long m, long v, long e, long ids, long rows, long table) {
        enter();
        scatterAdd
                .rowsType(rowsType)
                .tableType(tableType)
                .accumulate(accumulate ? 1 : 0)
                .M(m)
                .V(v)
                .E(e);
        scatterAdd.ids(ids).rows(rows).table(table);
        scatterAdd.workspace(workspace.atLeast(FusedRnn.frnn_scatter_add_workspace(m, v, e)));
        call.check(FusedRnn.frnn_scatter_add(scatterAdd, call.message()), "frnn_scatter_add");
    }

    /** Softmax cross-entropy per row, with its gradient in place if {@code gradientScale} is not 0. */
    public void crossEntropy(
            int type, long m, long v, long stride, long logits, long targets, long losses, long gradientScale) {
        enter();
        crossEntropy
                .type(type)
                .M(m)
                .V(v)
                .stride(stride)
                .logits(logits)
                .targets(targets)
                .losses(losses);
        crossEntropy.gradientScale(gradientScale);
        call.check(FusedRnn.frnn_cross_entropy(crossEntropy, call.message()), "frnn_cross_entropy");
    }

    /** Addresses of what attention reads and the shares it writes: see {@code FrnnAttentionParams}. */
    public record AttentionRead(long query, long keys, long weight, long values, long lengths, long shares) {}

    /** Additive attention of one step of a decoder. */
    public void attention(int type, long s, long n, long a, long f, AttentionRead read, long result) {
        enter();
        attention.type(type).S(s).N(n).A(a).F(f);
        attention.query(read.query).keys(read.keys).weight(read.weight).values(read.values);
        attention.lengths(read.lengths).shares(read.shares).context(result);
        call.check(FusedRnn.frnn_attention(attention, call.message()), "frnn_attention");
    }

    /** The way back of {@link #attention}. */
    public void attentionBackward(
            int type,
            long s,
            long n,
            long a,
            long f,
            AttentionRead read,
            long dContext,
            long dScores,
            long dQuery,
            long dKeys,
            long dWeight,
            long dValues) {
        enter();
        attentionBackward.type(type).S(s).N(n).A(a).F(f);
        attentionBackward.query(read.query).keys(read.keys).weight(read.weight).values(read.values);
        attentionBackward.lengths(read.lengths).shares(read.shares).dContext(dContext);
        attentionBackward.dScores(dScores).dQuery(dQuery).dKeys(dKeys);
        attentionBackward.dWeight(dWeight).dValues(dValues);
        call.check(FusedRnn.frnn_attention_backward(attentionBackward, call.message()), "frnn_attention_backward");
    }

    /** Dropout, or its gradient; the mask repeats after {@code period} elements if that is not 0. */
    public void dropout(int type, int streamId, float p, long count, long period, long random, long in, long out) {
        dropout(type, streamId, p, 0, count, period, random, in, out);
    }

    /** Dropout of a piece of a tensor that begins at its element {@code first}, a multiple of the period if there is one. */
    public void dropout(
            int type, int streamId, float p, long first, long count, long period, long random, long in, long out) {
        enter();
        dropout.type(type)
                .streamId(streamId)
                .p(p)
                .firstElement(period == 0 ? first : 0)
                .count(count)
                .period(period)
                .random(random)
                .in(in)
                .out(out);
        call.check(FusedRnn.frnn_dropout(dropout, call.message()), "frnn_dropout");
    }

    /** Dropout of rows by id, or its gradient. */
    public void dropoutRows(int type, int streamId, float p, long m, long e, long ids, long random, long in, long out) {
        enter();
        dropoutRows.type(type).streamId(streamId).p(p).M(m).E(e);
        dropoutRows.ids(ids).random(random).in(in).out(out);
        call.check(FusedRnn.frnn_dropout_rows(dropoutRows, call.message()), "frnn_dropout_rows");
    }

    /** The penalty on outputs and their change in time, with its gradient. */
    public void activityPenalty(
            int type, float activity, float change, long t, long k, long y, long dy, long gradientScale, long loss) {
        enter();
        penalty.type(type).activity(activity).change(change).T(t).K(k);
        penalty.y(y).dy(dy).gradientScale(gradientScale).loss(loss);
        penalty.workspace(workspace.atLeast(FusedRnn.frnn_activity_penalty_workspace(t, k)));
        call.check(FusedRnn.frnn_activity_penalty(penalty, call.message()), "frnn_activity_penalty");
    }

    /** The squared norm of all gradients and the factor of clipping by it. */
    public void clipScale(
            int type, long count, float maxNorm, float lossUnscale, long gradients, long squaredNorm, long factor) {
        enter();
        clipScale.type(type).count(count).maxNorm(maxNorm).lossUnscaleValue(lossUnscale);
        clipScale.gradients(gradients).squaredNorm(squaredNorm).scale(factor);
        clipScale.workspace(workspace.atLeast(FusedRnn.frnn_reduce_workspace(count)));
        call.check(FusedRnn.frnn_clip_scale(clipScale, call.message()), "frnn_clip_scale");
    }

    /** U32 [{@code FRNN_COUNTERS}] of zeros for sums on this stream, which leave them as zeros. */
    public long counters() {
        return counters;
    }

    /** The numbers of an optimizer's formula: see {@code FrnnUpdateParams}. */
    public record Rule(int id, float beta1, float beta2, float epsilon, float weightDecay) {}

    /** One optimizer step; addresses of moments a rule lacks are 0, of the average too where none is kept. */
    public void update(
            Rule rule,
            int valueType,
            int gradientType,
            long count,
            long values,
            long masters,
            long gradients,
            long moment1,
            long moment2,
            long factor,
            long hyper,
            long average,
            long averageShare) {
        enter();
        update.rule(rule.id()).beta1(rule.beta1()).beta2(rule.beta2()).epsilon(rule.epsilon());
        update.weightDecay(rule.weightDecay())
                .valueType(valueType)
                .gradientType(gradientType)
                .count(count);
        update.values(values)
                .masters(masters)
                .gradients(gradients)
                .moment1(moment1)
                .moment2(moment2);
        update.scale(factor).hyper(hyper).average(average).averageShare(averageShare);
        call.check(FusedRnn.frnn_update(update, call.message()), "frnn_update");
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        workspace.close();
        context.free(counters);
        memory.close();
        call.close();
    }

    private long zeros(long bytes) {
        try {
            long block = context.allocate(bytes);
            context.fill(block, (byte) 0, bytes);
            return block;
        } catch (RuntimeException | Error noMemory) {
            memory.close();
            call.close();
            throw noMemory;
        }
    }

    private void enter() {
        if (closed) {
            throw new IllegalStateException("the kernels of cuda:" + context.ordinal() + " are closed");
        }
        context.enter();
    }
}
