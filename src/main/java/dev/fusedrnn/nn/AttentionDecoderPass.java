package dev.fusedrnn.nn;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.kernel.Attention;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * One step at a time: beside each token stands a context of its own, made of the encoder's outputs by what the last layer's h before
 * the step asks for.
 */
final class AttentionDecoderPass implements DecoderPass {
    private final Seq2SeqNetwork network;
    private final AttentionLayer attention;
    private final RnnConfig config;
    private final Kernels kernels;
    private final int steps;
    private final int batch;
    private final int sources;
    private final int embedding;
    private final int contextSize;
    private final boolean training;
    private final EncoderPass encoder;
    private final Tensor ids;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final RnnExecution execution;
    private final DecoderStart start;
    private final Tensor embedded;
    private final Tensor x;
    private final Tensor y;
    private final Tensor keys;
    private final Tensor queries;
    private final List<ForwardCall> calls = new ArrayList<>();
    private final List<Attention> attended = new ArrayList<>();
    private Tensor dy;
    private Tensor dx;
    private Tensor[] dh;
    private Tensor[] dc;
    private Tensor dContext;
    private Tensor dQueries;
    private Tensor dScores;
    private Tensor dKeySums;
    private Tensor dKeys;
    private Tensor dWeight;
    private Tensor dValues;
    private Tensor dOutputs;

    /**
     * Takes the tensors.
     *
     * @param encoder of as many steps and samples; not owned
     * @param ids I32 [T·N], what is read
     * @param lengths I32 [N] of the sources
     * @param random I32 [4·T], the generators of each step's masks
     */
    AttentionDecoderPass(
            Seq2SeqNetwork network,
            EncoderPass encoder,
            int steps,
            int batch,
            boolean training,
            Tensor ids,
            Tensor lengths,
            Tensor random) {
        this.network = network;
        this.attention = network.attention();
        this.config = network.config().decoder();
        this.kernels = network.kernels();
        this.steps = steps;
        this.batch = batch;
        this.sources = Math.toIntExact(encoder.y().shape().extent(0));
        this.embedding = network.config().targetEmbedding();
        this.contextSize = network.config().contextSize();
        this.training = training;
        this.encoder = encoder;
        this.ids = ids;
        try {
            execution = own(network.decoder().prepare(1, batch, training));
            start = own(new DecoderStart(network, encoder, batch, training));
            embedded = take((long) steps * batch, embedding);
            x = take(steps, batch, config.inputSize());
            y = take(steps, batch, config.outputSize());
            int features = network.config().attentionSize();
            keys = take(sources, batch, features);
            queries = take(steps, batch, features);
            addSteps(lengths, random);
            if (training) {
                takeGradients(features);
            }
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private void addSteps(Tensor lengths, Tensor random) {
        Tensor shares = take(DataType.F32, (long) steps * sources, batch);
        Tensor contexts = take(steps, batch, contextSize);
        boolean drawsMasks = training && config.drawsMasks();
        Tensor h = start.h();
        Tensor c = start.c();
        for (int t = 0; t < steps; t++) {
            attended.add(new Attention(
                    step(queries, t),
                    keys,
                    attention.scoreWeight(),
                    encoder.y(),
                    lengths,
                    shares.view((long) t * sources * batch, sources, batch),
                    step(contexts, t)));
            Tensor nextH = take(config.layers(), batch, config.outputSize());
            Tensor nextC = c == null ? null : take(config.layers(), batch, config.hiddenSize());
            calls.add(new ForwardCall(
                    network.decoder().flatParameters(),
                    x.view((long) t * batch * config.inputSize(), 1, batch, config.inputSize()),
                    h,
                    c,
                    null,
                    drawsMasks ? random.view(4L * t, 4) : null,
                    y.view((long) t * batch * config.outputSize(), 1, batch, config.outputSize()),
                    nextH,
                    nextC,
                    training ? own(network.device().allocate(DataType.I32, execution.reserveElements())) : null));
            h = nextH;
            c = nextC;
        }
    }

    private void takeGradients(int features) {
        dy = take(steps, batch, config.outputSize());
        dx = take(steps, batch, config.inputSize());
        dh = new Tensor[] {takeState(config.outputSize()), takeState(config.outputSize())};
        boolean cell = config.cell().hasCellState();
        dc = cell ? new Tensor[] {takeState(config.hiddenSize()), takeState(config.hiddenSize())} : new Tensor[2];
        dContext = take(batch, contextSize);
        dQueries = take(steps, batch, features);
        dScores = take(DataType.F32, sources, batch);
        dKeySums = take(DataType.F32, sources, batch, features);
        dKeys = take((long) sources * batch, features);
        dWeight = take(DataType.F32, batch, features);
        dValues = take(DataType.F32, sources, batch, contextSize);
        dOutputs = take(sources, batch, contextSize);
    }

    @Override
    public void forward() {
        start.forward();
        attention.keys(rows(encoder.y()), rows(keys));
        network.target().forward(ids, embedded);
        kernels.copyColumns(embedded, 0, rows(x), 0, embedding);
        for (int t = 0; t < steps; t++) {
            attention.queries(hBefore(t), step(queries, t));
            attention.attend(attended.get(t));
            kernels.copyColumns(attended.get(t).context(), 0, step(x, t), embedding, contextSize);
            execution.forward(calls.get(t), t > 0);
        }
    }

    @Override
    public void backward() {
        dKeySums.clear();
        dWeight.clear();
        dValues.clear();
        for (int t = steps - 1; t >= 0; t--) {
            backward(t);
        }
        kernels.copyColumns(rows(dx), 0, embedded, 0, embedding);
        network.target().backward(ids, embedded, false);
        parameterGradients();
        start.backward();
    }

    private void backward(int t) {
        boolean last = t == steps - 1;
        Tensor dhBefore = t == 0 ? start.dh() : dh[t % 2];
        Tensor dcBefore = t == 0 ? start.dc() : dc[t % 2];
        execution.backward(new BackwardCall(
                calls.get(t),
                dy.view((long) t * batch * config.outputSize(), 1, batch, config.outputSize()),
                last ? null : dh[(t + 1) % 2],
                last ? null : dc[(t + 1) % 2],
                dx.view((long) t * batch * config.inputSize(), 1, batch, config.inputSize()),
                dhBefore,
                dcBefore,
                network.decoder().flatGradients(),
                !last));
        kernels.copyColumns(step(dx, t), embedding, dContext, 0, contextSize);
        Tensor dQuery = step(dQueries, t);
        kernels.attentionBackward(
                attended.get(t), new Attention.Gradients(dContext, dScores, dQuery, dKeySums, dWeight, dValues));
        attention.addQueryGradient(dQuery, t == 0 ? lastLayer(start.dh()) : step(dy, t - 1));
    }

    private void parameterGradients() {
        if (steps > 1) {
            long later = (long) (steps - 1) * batch;
            attention.queryParameters(
                    y.view(0, later, config.outputSize()),
                    dQueries.view((long) batch * width(dQueries), later, width(dQueries)),
                    false);
        }
        attention.queryParameters(lastLayer(start.h()), step(dQueries, 0), steps > 1);
        attention.scoreParameters(dWeight);
        kernels.convert(dKeySums, dKeys);
        attention.keysBackward(rows(encoder.y()), dKeys, rows(dOutputs));
        kernels.addScaled(dOutputs, 1, dValues);
    }

    @Override
    public Tensor y() {
        return rows(y);
    }

    @Override
    public Tensor dy() {
        return rows(dy);
    }

    @Override
    public Tensor dEncoderOutputs() {
        return dOutputs;
    }

    /** The last layer's h before a step, [N, F]. */
    private Tensor hBefore(int t) {
        return t == 0 ? lastLayer(start.h()) : step(y, t - 1);
    }

    private Tensor lastLayer(Tensor state) {
        long layer = (long) batch * config.outputSize();
        return state.view((config.layers() - 1) * layer, batch, config.outputSize());
    }

    /** Step t of [T, N, …] as a matrix. */
    private Tensor step(Tensor sequence, int t) {
        return sequence.view((long) t * batch * width(sequence), batch, width(sequence));
    }

    private static Tensor rows(Tensor sequence) {
        return sequence.view(0, sequence.shape().extent(0) * sequence.shape().extent(1), width(sequence));
    }

    private static long width(Tensor sequence) {
        return sequence.shape().extent(2);
    }

    private Tensor takeState(int width) {
        return take(config.layers(), batch, width);
    }

    private Tensor take(long... extents) {
        return take(config.dataType(), extents);
    }

    private Tensor take(DataType type, long... extents) {
        return own(network.device().zeros(type, extents));
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    @Override
    public void close() {
        Owned.close(owned);
    }
}
