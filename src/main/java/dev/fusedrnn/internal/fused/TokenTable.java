package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.natives.FusedRnn;

/**
 * The input product of a layer that reads tokens of a vocabulary smaller than a minibatch: a table of gate inputs, one row per
 * token, from which each sample and step takes its row. On the way back the gradients of the gates are summed by token, and
 * the products that give the gradients of weights and features go over these V sums instead of all T·N rows.
 *
 * <p>The sums are in F32, and so are the factors of their products, which round to TF32 where storage has 16 bits: more digits
 * than weights and features have there.
 */
public final class TokenTable {
    private static final int F32 = FusedRnn.FRNN_F32;
    private static final int F32_BYTES = 4;

    private final LayerShape shape;
    private final Pitches pitches;
    private final LayerWeights weights;
    private final long vocabulary;
    private final boolean indicators;
    private final WorkQueue main;
    private final WorkQueue side;
    private final Gemm forward;
    private final Gemm weightGradient;
    private final Gemm featureGradient;

    // Parts of the memory, as byte offsets: S as the forward pass reads and writes them, F32 on the way back.
    private final long features;
    private final long gates;
    private final long dGates;
    private final long wideFeatures;
    private final long wideWeights;
    private final long dWeights;
    private final long dFeatures;
    private final long bytes;

    /**
     * Plans the table of a layer.
     *
     * @param vocabulary V
     * @param indicators whether features are indicator vectors, whose product is the transposed weights; then V is C
     * @param side where gradients are queued; null in inference
     */
    public TokenTable(FusedLayer layer, long vocabulary, boolean indicators, WorkQueue main, WorkQueue side) {
        this.shape = layer.shape();
        this.pitches = layer.pitches();
        this.weights = layer.weights();
        this.vocabulary = vocabulary;
        this.indicators = indicators;
        this.main = main;
        this.side = side;
        long rows = rows();
        long gateRows = allGates();
        long inputs = pitches.inputs();
        boolean training = side != null;
        forward = indicators
                ? null
                : new Gemm.Factory(main.products(), shape.storage(), shape.tf32())
                        .byTransposed(shape.storage(), vocabulary, gateRows, inputs, inputs, gateRows, true);
        boolean products = training && !indicators;
        if (products) {
            Gemm.Factory wide = new Gemm.Factory(side.products(), CudaType.F32, shape.tf32() || !isF32());
            weightGradient = wide.overRows(gateRows, inputs, vocabulary, gateRows, inputs, inputs, 0);
            featureGradient = wide.plain(CudaType.F32, vocabulary, inputs, gateRows, gateRows, 0);
        } else {
            weightGradient = null;
            featureGradient = null;
        }
        Offsets offsets = new Offsets();
        features = offsets.next(indicators || isDense() ? 0 : shape.bytes(vocabulary * inputs));
        gates = offsets.next(shape.bytes(rows * gateRows));
        dGates = offsets.next(training ? F32_BYTES * rows * gateRows : 0);
        wideFeatures = offsets.next(products && !(isF32() && isDense()) ? F32_BYTES * vocabulary * inputs : 0);
        wideWeights = offsets.next(products && !isF32() ? F32_BYTES * gateRows * inputs : 0);
        dWeights = offsets.next(training ? F32_BYTES * gateRows * inputs : 0);
        dFeatures = offsets.next(products ? F32_BYTES * vocabulary * inputs : 0);
        bytes = offsets.total();
    }

    /** Whether it is that of a vocabulary. */
    public boolean isOf(long otherVocabulary, boolean otherIndicators) {
        return vocabulary == otherVocabulary && indicators == otherIndicators;
    }

    /** Bytes of device memory that both passes need. */
    public long bytes() {
        return bytes;
    }

    /**
     * Queues the table.
     *
     * @param table S [V,C]; not read with indicators
     * @param block the layer's packed weights
     */
    public void make(RecurrencePass pass, long table, long block, long memory) {
        NativeCalls calls = main.calls();
        int type = shape.type();
        long made = memory + gates;
        if (indicators) {
            calls.transpose(type, weights.wIh(block), made, allGates(), pitches.inputs(), pass.stream);
            calls.addRow(type, vocabulary, allGates(), made, weights.bias(block));
        } else {
            long read = table;
            if (!isDense()) {
                read = memory + features;
                calls.padRows(type, table, type, read, vocabulary, shape.inputs(), pitches.inputs(), pass.stream);
            }
            forward.run(read, weights.wIh(block), made, weights.bias(block));
        }
    }

    /**
     * Queues the pass's gate inputs, looked up in the table.
     *
     * @param ids I32 [rows]
     * @param rows time steps by samples
     */
    public void gateInputs(RecurrencePass pass, long ids, long rows, long memory) {
        main.calls().gather(shape.type(), rows, vocabulary, allGates(), ids, memory + gates, pass.gateInputs);
    }

    /**
     * Queues, on the side, the sums of the gates' gradients by token and the gradient of the input weights.
     *
     * @param ids I32 [T·N]
     * @param table S [V,C]; not read with indicators
     * @param flat where the gradient goes, per direction
     */
    public void weightGradient(
            RecurrencePass pass,
            long ids,
            long table,
            LayerWeights.Flat[] flat,
            int flatType,
            boolean accumulate,
            long memory) {
        NativeCalls calls = side.calls();
        long sums = memory + dGates;
        long packed = memory + dWeights;
        calls.scatter(shape.type(), F32, shape.rows(), rows(), allGates(), ids, pass.dGates, sums);
        if (indicators) {
            calls.transpose(F32, sums, packed, rows(), allGates(), side.stream());
        } else {
            long wide = table;
            if (!isF32() || !isDense()) {
                wide = memory + wideFeatures;
                calls.padRows(
                        shape.type(), table, F32, wide, vocabulary, shape.inputs(), pitches.inputs(), side.stream());
            }
            weightGradient.run(sums, wide, packed, 0);
        }
        calls.unpack(
                F32, flatType, accumulate, side.stream(), it -> weights.unpackInput(packed, pitches.gates(), flat, it));
    }

    /** Queues, on the side and behind {@link #weightGradient}, the gradient of the table, F32 [V,C]; not with indicators. */
    public void tableGradient(long gradient, boolean accumulate, long block, long memory) {
        NativeCalls calls = side.calls();
        long wide = weights.wIh(block);
        if (!isF32()) {
            wide = memory + wideWeights;
            calls.convert(shape.type(), weights.wIh(block), F32, wide, allGates() * pitches.inputs());
        }
        featureGradient.run(memory + dGates, wide, memory + dFeatures, 0);
        PackedMatrix rows = PackedMatrix.ofRows(vocabulary, shape.inputs(), vocabulary, pitches.inputs());
        calls.unpack(F32, F32, accumulate, side.stream(), it -> it.add(rows, memory + dFeatures, gradient));
    }

    /** Columns of the table: D·H·G with the pitch of gates. */
    private long allGates() {
        return shape.directions() * pitches.gates();
    }

    /** Rows of the table in memory: transposed weights bring the zeros along that end their rows. */
    private long rows() {
        return indicators ? pitches.inputs() : vocabulary;
    }

    private boolean isDense() {
        return pitches.inputs() == shape.inputs();
    }

    private boolean isF32() {
        return shape.storage() == CudaType.F32;
    }
}
