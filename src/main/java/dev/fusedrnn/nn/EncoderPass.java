package dev.fusedrnn.nn;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The encoder on sources of one shape: its outputs and final state, and the way back from the gradients of both. */
final class EncoderPass implements AutoCloseable {
    private final Seq2SeqNetwork network;
    private final RnnConfig config;
    private final int steps;
    private final int batch;
    private final Tensor ids;
    private final Tensor random;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final RnnExecution execution;
    private final Tensor x;
    private final Tensor y;
    private final Tensor hy;
    private final Tensor cy;
    private final Tensor dx;
    private final Tensor dhy;
    private final Tensor dcy;
    private final Tensor reserve;
    private ForwardCall call;

    /**
     * Takes the tensors.
     *
     * @param ids I32 [T·N], what is read
     * @param random I32 [4], the generator of its masks
     */
    EncoderPass(Seq2SeqNetwork network, int steps, int batch, boolean training, Tensor ids, Tensor random) {
        this.network = network;
        this.config = network.config().encoder();
        this.steps = steps;
        this.batch = batch;
        this.ids = ids;
        this.random = training && config.drawsMasks() ? random : null;
        try {
            execution = own(network.encoder().prepare(steps, batch, training));
            x = take(steps, batch, config.inputSize());
            y = take(steps, batch, config.totalOutputSize());
            hy = takeState(config.outputSize());
            cy = config.cell().hasCellState() ? takeState(config.hiddenSize()) : null;
            dx = training ? take(steps, batch, config.inputSize()) : null;
            dhy = training ? takeState(config.outputSize()) : null;
            dcy = training && cy != null ? takeState(config.hiddenSize()) : null;
            reserve = training ? own(network.device().allocate(DataType.I32, execution.reserveElements())) : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** Queues the forward pass over sources of these lengths. */
    void forward(SequenceLengths lengths) {
        network.source().forward(ids, x.view(0, (long) steps * batch, config.inputSize()));
        call = new ForwardCall(network.encoder().flatParameters(), x, null, null, lengths, random, y, hy, cy, reserve);
        execution.forward(call);
    }

    /**
     * Queues the way back from {@link #dhy} and {@link #dcy}.
     *
     * @param dy gradient of {@link #y}, or null for zeros
     */
    void backward(Tensor dy) {
        execution.backward(new BackwardCall(
                call, dy, dhy, dcy, dx, null, null, network.encoder().flatGradients(), false));
        network.source().backward(ids, dx.view(0, (long) steps * batch, config.inputSize()), false);
    }

    /** Outputs, [T, N, D·F]; 0 behind a length. */
    Tensor y() {
        return y;
    }

    /** Final h, [L·D, N, F]. */
    Tensor hy() {
        return hy;
    }

    /** Final c, or null. */
    Tensor cy() {
        return cy;
    }

    /** Where the gradient of the final h goes; null in inference. */
    Tensor dhy() {
        return dhy;
    }

    /** Where the gradient of the final c goes; null in inference, or if there is no c. */
    Tensor dcy() {
        return dcy;
    }

    /** Queues that the context is copied into {@code context} [N, D·F]: the last layer's final h of both directions. */
    void context(Tensor context) {
        int width = config.outputSize();
        for (int direction = 0; direction < config.directions(); direction++) {
            network.kernels().copyColumns(lastLayer(hy, direction), 0, context, (long) direction * width, width);
        }
    }

    /** Queues that the gradient of the context is added to that of the final h; {@code half} [N, F] is overwritten. */
    void contextGradient(Tensor dContext, Tensor half) {
        int width = config.outputSize();
        for (int direction = 0; direction < config.directions(); direction++) {
            network.kernels().copyColumns(dContext, (long) direction * width, half, 0, width);
            network.kernels().addScaled(lastLayer(dhy, direction), 1, half);
        }
    }

    private Tensor lastLayer(Tensor state, int direction) {
        long row = (long) (config.layers() - 1) * config.directions() + direction;
        return state.view(row * batch * config.outputSize(), batch, config.outputSize());
    }

    private Tensor takeState(int width) {
        return take((long) config.layers() * config.directions(), batch, width);
    }

    private Tensor take(long... extents) {
        Device device = network.device();
        DataType type = config.dataType();
        return own(device.zeros(type, extents));
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
