package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.kernel.Attention;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes several translations of one source at once, token by token. All tensors are taken once; unused rows are computed along.
 */
public final class Seq2SeqStepper implements AutoCloseable {
    private final Seq2SeqNetwork network;
    private final Kernels kernels;
    private final RnnConfig decoder;
    private final int steps;
    private final int rows;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final Tensor sourceIds;
    private final Tensor ids;
    private final Tensor parents;
    private final Tensor lengths;
    private final EncoderPass encoder;
    private final DecoderStart start;
    private final Tensor context;
    /** Null without attention, as what follows. */
    private final AttentionLayer layer;

    private Tensor keys;
    private Tensor queries;
    private Tensor shares;
    private final Tensor embedded;
    private final Tensor x;
    private final Tensor y;
    private final Tensor logits;
    private RnnState state;
    private RnnState other;

    /**
     * Takes the tensors.
     *
     * @param steps the longest source
     * @param rows translations at a time
     */
    public Seq2SeqStepper(Seq2SeqNetwork network, int steps, int rows) {
        this.network = network;
        this.kernels = network.kernels();
        this.decoder = network.config().decoder();
        this.steps = steps;
        this.rows = rows;
        this.layer = network.attention();
        try {
            sourceIds = own(network.device().zeros(DataType.I32, (long) steps * rows));
            ids = own(network.device().zeros(DataType.I32, rows));
            parents = own(network.device().zeros(DataType.I32, rows));
            lengths = own(network.device().zeros(DataType.I32, rows));
            encoder = own(new EncoderPass(network, steps, rows, false, sourceIds, null));
            start = own(new DecoderStart(network, encoder, rows, false));
            context = take(rows, network.config().contextSize());
            embedded = take(rows, network.config().targetEmbedding());
            x = take(rows, decoder.inputSize());
            y = take(rows, decoder.outputSize());
            logits = take(rows, network.config().targetVocabulary());
            state = own(network.decoder().zeroState(rows));
            other = own(network.decoder().zeroState(rows));
            if (layer != null) {
                keys = take(steps, rows, network.config().attentionSize());
                queries = take(rows, network.config().attentionSize());
                shares = own(network.device().zeros(DataType.F32, steps, rows));
            }
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /**
     * Reads a source; all rows start from it.
     *
     * @param source token ids, from 1 to the longest source's number of them
     */
    public void begin(int[] source) {
        if (source.length < 1 || source.length > steps) {
            throw new IllegalArgumentException("source must have 1 to " + steps + " tokens, found " + source.length);
        }
        int[] padded = new int[steps * rows];
        for (int t = 0; t < source.length; t++) {
            Arrays.fill(padded, t * rows, (t + 1) * rows, source[t]);
        }
        int[] alike = new int[rows];
        Arrays.fill(alike, source.length);
        sourceIds.copyFrom(padded);
        lengths.copyFrom(alike);
        encoder.forward(SequenceLengths.of(steps, alike));
        start.forward();
        state.h().copyFrom(start.h());
        if (state.c() != null) {
            state.c().copyFrom(start.c());
        }
        if (layer == null) {
            encoder.context(context);
        } else {
            layer.keys(matrix(encoder.y()), matrix(keys));
        }
    }

    private void attend() {
        long width = decoder.outputSize();
        Tensor last = state.h().view((decoder.layers() - 1) * rows * width, rows, width);
        layer.queries(last, queries);
        layer.attend(new Attention(queries, keys, layer.scoreWeight(), encoder.y(), lengths, shares, context));
    }

    /**
     * The shares that each source step had in the last step's context, [steps, rows]; 0 behind the source's length. Waits for the
     * device.
     *
     * @throws IllegalStateException if the network has no attention
     */
    public float[] shares() {
        if (layer == null) {
            throw new IllegalStateException("this network has no attention");
        }
        return shares.toFloats();
    }

    /**
     * Row i goes on from where row {@code parentRows[i]} stood, by {@code tokens[i]}. Waits for the device.
     *
     * @param parentRows [rows]
     * @param tokens [rows]
     * @return logits of what follows, [rows, V]
     */
    public float[] step(int[] parentRows, int[] tokens) {
        parents.copyFrom(parentRows);
        ids.copyFrom(tokens);
        follow(state.h(), other.h());
        if (state.c() != null) {
            follow(state.c(), other.c());
        }
        RnnState before = state;
        state = other;
        other = before;
        network.target().forward(ids, embedded);
        kernels.copyColumns(embedded, 0, x, 0, network.config().targetEmbedding());
        if (layer != null) {
            attend();
        }
        kernels.copyColumns(
                context,
                0,
                x,
                network.config().targetEmbedding(),
                network.config().contextSize());
        network.decoder().step(x, state, y);
        network.head().forward(y, logits);
        return logits.toFloats();
    }

    private static Tensor matrix(Tensor sequence) {
        long width = sequence.shape().extent(2);
        return sequence.view(0, sequence.elements() / width, width);
    }

    /** In each layer of a state [L, rows, F], the row of row i's parent becomes row i of another state. */
    private void follow(Tensor read, Tensor written) {
        long width = read.shape().extent(2);
        for (int i = 0; i < decoder.layers(); i++) {
            kernels.gather(
                    parents, read.view(i * rows * width, rows, width), written.view(i * rows * width, rows, width));
        }
    }

    private Tensor take(long... extents) {
        return own(network.device().zeros(decoder.dataType(), extents));
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Frees all tensors. Closing twice is harmless. */
    @Override
    public void close() {
        Owned.close(owned);
    }
}
