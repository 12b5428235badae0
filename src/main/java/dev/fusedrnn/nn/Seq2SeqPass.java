package dev.fusedrnn.nn;

import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.StagedInts;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder and a decoder on minibatches of one shape with teacher forcing: encoder, state and context, decoder, masked softmax
 * cross-entropy, and the way back through all of them. Tensors are taken once.
 */
public final class Seq2SeqPass implements AutoCloseable {
    private static final int GENERATOR_WORDS = 4;

    private final Seq2SeqNetwork network;
    private final Kernels kernels;
    private final int steps;
    private final int batch;
    private final int rows;
    private final boolean training;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final StagedInts staged;
    private final Tensor ints;
    private final Tensor targets;
    private final EncoderPass encoder;
    private final DecoderPass decoder;
    private final SoftmaxLoss loss;
    private final int[] generators;
    private SequenceLengths lengths;

    /**
     * Takes the tensors of a shape.
     *
     * @param steps T, of sources and of targets
     * @param batch N
     * @param training whether there are backward passes, and dropout
     */
    public Seq2SeqPass(Seq2SeqNetwork network, int steps, int batch, boolean training) {
        this.network = network;
        this.kernels = network.kernels();
        this.steps = steps;
        this.batch = batch;
        this.rows = Math.multiplyExact(steps, batch);
        this.training = training;
        // One generator for the encoder, and one for each part of the decoder that is computed by itself.
        this.generators = new int[(1 + (network.config().attentionSize() > 0 ? steps : 1)) * GENERATOR_WORDS];
        int words = Math.addExact(Math.addExact(Math.multiplyExact(3, rows), batch), generators.length);
        if (training) {
            // Gradients are cleared when they are first asked for, which must not be in work that is queued beside the
            // rest.
            network.parameters().gradients();
        }
        try {
            staged = own(new StagedInts(network.device(), words));
            ints = own(network.device().zeros(DataType.I32, words));
            targets = ints.view(2L * rows, rows);
            long behind = 3L * rows + batch;
            encoder = own(new EncoderPass(
                    network, steps, batch, training, ints.view(0, rows), ints.view(behind, GENERATOR_WORDS)));
            Tensor inputs = ints.view(rows, rows);
            Tensor random = ints.view(behind + GENERATOR_WORDS, generators.length - GENERATOR_WORDS);
            Tensor sourceLengths = ints.view(3L * rows, batch);
            decoder = own(
                    network.config().attentionSize() > 0
                            ? new AttentionDecoderPass(
                                    network, encoder, steps, batch, training, inputs, sourceLengths, random)
                            : new ContextDecoderPass(network, encoder, steps, batch, training, inputs, random));
            loss = own(new SoftmaxLoss(
                    kernels, network.head(), network.config().decoder().dataType(), rows, training));
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /**
     * Queues the transfer of a minibatch.
     *
     * @param sources token ids, [T, N]
     * @param lengths valid steps of each source, [N], each in [1, T]
     * @param inputs what the decoder reads, [T, N]
     * @param targets what it has to predict, [T, N]; negative ones are ignored
     * @param seed of the dropout masks
     * @param draw which of its masks
     */
    public void load(int[] sources, int[] lengths, int[] inputs, int[] targets, long seed, int draw) {
        requireLength("sources", sources, rows);
        requireLength("lengths", lengths, batch);
        requireLength("inputs", inputs, rows);
        requireLength("targets", targets, rows);
        this.lengths = SequenceLengths.of(steps, lengths);
        staged.await();
        staged.put(0, sources, rows);
        staged.put(rows, inputs, rows);
        staged.put(2 * rows, targets, rows);
        for (int at = 0; at < generators.length; at += GENERATOR_WORDS) {
            // The encoder's masks, and those of each step of a decoder with attention, are drawn from seeds of their
            // own.
            long own = at == 0 ? seed : ~seed + at / GENERATOR_WORDS - 1;
            generators[at] = (int) own;
            generators[at + 1] = (int) (own >>> 32);
            generators[at + 2] = draw;
        }
        staged.put(3 * rows, lengths, batch);
        staged.put(3 * rows + batch, generators, generators.length);
        staged.upload(ints);
    }

    /** Queues a pass over the loaded minibatch that adds the sum of its losses in nats to {@code lossSum} F32 [1]. */
    public void evaluate(Tensor lossSum) {
        forward();
        loss.forward(decoder.y(), targets);
        kernels.sum(loss.losses(), lossSum, true);
    }

    /**
     * The same, and sets the gradients of all parameters to those of that sum times {@code gradientScale}. For a pass with
     * training.
     *
     * @param gradientScale F32 [1] on the device
     */
    public void differentiate(Tensor gradientScale, Tensor lossSum) {
        if (!training) {
            throw new IllegalStateException("this pass is not for training");
        }
        forward();
        loss.forwardBackward(decoder.y(), targets, gradientScale, decoder.dy());
        kernels.sum(loss.losses(), lossSum, true);
        decoder.backward();
        encoder.backward(decoder.dEncoderOutputs());
        kernels.join();
    }

    private void forward() {
        if (lengths == null) {
            throw new IllegalStateException("no minibatch has been loaded");
        }
        encoder.forward(lengths);
        decoder.forward();
    }

    private static void requireLength(String name, int[] values, int expected) {
        if (values.length != expected) {
            throw new IllegalArgumentException(name + " must have " + expected + " elements, found " + values.length);
        }
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
