package dev.fusedrnn.nn;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** All steps at once, with the same context beside the token of every step. */
final class ContextDecoderPass implements DecoderPass {
    private final Seq2SeqNetwork network;
    private final RnnConfig config;
    private final Kernels kernels;
    private final int steps;
    private final int batch;
    private final int embedding;
    private final int contextSize;
    private final EncoderPass encoder;
    private final Tensor ids;
    private final Tensor random;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final RnnExecution execution;
    private final DecoderStart start;
    /** The sample of each row of a sequence, by which the context is repeated for every step. */
    private final Tensor samples;

    private final Tensor embedded;
    private final Tensor context;
    private final Tensor repeated;
    private final Tensor x;
    private final Tensor y;
    private final Tensor dy;
    private final Tensor dx;
    private final Tensor dxSum;
    private final Tensor half;
    private final Tensor reserve;
    private ForwardCall call;

    /**
     * Takes the tensors.
     *
     * @param encoder of as many samples; not owned
     * @param ids I32 [T·N], what is read
     * @param random I32 [4], the generator of its masks
     */
    ContextDecoderPass(
            Seq2SeqNetwork network,
            EncoderPass encoder,
            int steps,
            int batch,
            boolean training,
            Tensor ids,
            Tensor random) {
        this.network = network;
        this.config = network.config().decoder();
        this.kernels = network.kernels();
        this.steps = steps;
        this.batch = batch;
        this.embedding = network.config().targetEmbedding();
        this.contextSize = network.config().contextSize();
        this.encoder = encoder;
        this.ids = ids;
        this.random = training && config.drawsMasks() ? random : null;
        long rows = (long) steps * batch;
        try {
            execution = own(network.decoder().prepare(steps, batch, training));
            start = own(new DecoderStart(network, encoder, batch, training));
            samples = own(network.device().allocate(DataType.I32, rows));
            samples.copyFrom(repeatedSamples());
            embedded = take(rows, embedding);
            context = take(batch, contextSize);
            repeated = take(rows, contextSize);
            x = take(steps, batch, config.inputSize());
            y = take(steps, batch, config.totalOutputSize());
            dy = training ? take(steps, batch, config.totalOutputSize()) : null;
            dx = training ? take(steps, batch, config.inputSize()) : null;
            dxSum = training ? take(batch, config.inputSize()) : null;
            half = training ? take(batch, network.config().encoder().outputSize()) : null;
            reserve = training ? own(network.device().allocate(DataType.I32, execution.reserveElements())) : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private int[] repeatedSamples() {
        int[] samples = new int[Math.multiplyExact(steps, batch)];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = i % batch;
        }
        return samples;
    }

    @Override
    public void forward() {
        start.forward();
        encoder.context(context);
        kernels.gather(samples, context, repeated);
        network.target().forward(ids, embedded);
        kernels.copyColumns(embedded, 0, rows(x), 0, embedding);
        kernels.copyColumns(repeated, 0, rows(x), embedding, contextSize);
        call = new ForwardCall(
                network.decoder().flatParameters(), x, start.h(), start.c(), null, random, y, null, null, reserve);
        execution.forward(call);
    }

    @Override
    public void backward() {
        execution.backward(new BackwardCall(
                call,
                dy,
                null,
                null,
                dx,
                start.dh(),
                start.dc(),
                network.decoder().flatGradients(),
                false));
        kernels.copyColumns(rows(dx), 0, embedded, 0, embedding);
        network.target().backward(ids, embedded, false);
        start.backward();
        // The context stands at every step: its gradient is the sum over them.
        kernels.columnSum(dx.view(0, steps, (long) batch * config.inputSize()), flat(dxSum), false);
        kernels.copyColumns(dxSum, embedding, context, 0, contextSize);
        encoder.contextGradient(context, half);
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
        return null;
    }

    /** First h of the decoder, [L, N, F]. */
    Tensor startH() {
        return start.h();
    }

    private static Tensor flat(Tensor tensor) {
        return tensor.view(0, tensor.elements());
    }

    private Tensor rows(Tensor sequence) {
        return sequence.view(0, (long) steps * batch, sequence.shape().extent(2));
    }

    private Tensor take(long... extents) {
        return own(network.device().zeros(config.dataType(), extents));
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
