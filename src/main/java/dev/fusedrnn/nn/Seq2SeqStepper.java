package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
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
    private final Tensor firstRows;
    private final EncoderPass encoder;
    private final DecoderStart start;
    private final Tensor context;
    private final Tensor repeated;
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
        int contextSize = network.config().contextSize();
        try {
            sourceIds = own(network.device().zeros(DataType.I32, steps));
            ids = own(network.device().zeros(DataType.I32, rows));
            parents = own(network.device().zeros(DataType.I32, rows));
            firstRows = own(network.device().zeros(DataType.I32, rows));
            encoder = own(new EncoderPass(network, steps, 1, false, sourceIds, null));
            start = own(new DecoderStart(network, encoder, 1, false));
            context = take(1, contextSize);
            repeated = take(rows, contextSize);
            embedded = take(rows, network.config().targetEmbedding());
            x = take(rows, decoder.inputSize());
            y = take(rows, decoder.outputSize());
            logits = take(rows, network.config().targetVocabulary());
            state = own(network.decoder().zeroState(rows));
            other = own(network.decoder().zeroState(rows));
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
        int[] padded = new int[steps];
        System.arraycopy(source, 0, padded, 0, source.length);
        sourceIds.copyFrom(padded);
        encoder.forward(SequenceLengths.of(steps, source.length));
        start.forward();
        follow(firstRows, start.h(), state.h(), 1);
        if (state.c() != null) {
            follow(firstRows, start.c(), state.c(), 1);
        }
        encoder.context(context);
        kernels.gather(firstRows, context, repeated);
        kernels.copyColumns(
                repeated,
                0,
                x,
                network.config().targetEmbedding(),
                network.config().contextSize());
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
        follow(parents, state.h(), other.h(), rows);
        if (state.c() != null) {
            follow(parents, state.c(), other.c(), rows);
        }
        RnnState before = state;
        state = other;
        other = before;
        network.target().forward(ids, embedded);
        kernels.copyColumns(embedded, 0, x, 0, network.config().targetEmbedding());
        network.decoder().step(x, state, y);
        network.head().forward(y, logits);
        return logits.toFloats();
    }

    /** Row {@code from[i]} of each layer of a state [L, M, F] becomes row i of the same layer of another. */
    private void follow(Tensor from, Tensor read, Tensor written, int readRows) {
        long width = read.shape().extent(2);
        for (int layer = 0; layer < decoder.layers(); layer++) {
            kernels.gather(
                    from,
                    read.view(layer * readRows * width, readRows, width),
                    written.view(layer * rows * width, rows, width));
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
