package dev.fusedrnn.train;

import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.RnnGradients;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnOutput;
import dev.fusedrnn.nn.RnnPass;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link SequenceNetwork} on one minibatch: from the input to what the head reads, and the way back. Owns the tensors of the
 * minibatch; closing it frees them.
 */
final class NetworkPass implements AutoCloseable {
    private final SequenceNetwork network;
    private final Kernels kernels;
    private final DataType type;
    private final int steps;
    private final int batch;
    private final int[] lengths;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final List<Tensor> ids = new ArrayList<>();
    private final FeatureDropout dropout;
    private final Pooler pooler;
    private RnnPass pass;
    private Tensor features;

    /**
     * Queues the forward pass.
     *
     * @param inputs N sequences
     * @param steps T, no sequence is longer
     * @param draw of dropout in training; null in inference
     */
    NetworkPass(SequenceNetwork network, List<InputSequence> inputs, int steps, SupervisedTask.Draw draw) {
        this.network = network;
        this.kernels = network.kernels();
        this.type = network.config().rnn().dataType();
        this.steps = steps;
        this.batch = inputs.size();
        this.lengths = inputs.stream().mapToInt(InputSequence::length).toArray();
        try {
            Dropouts dropouts = draw == null ? Dropouts.NONE : network.config().dropouts();
            this.dropout = new FeatureDropout(kernels, dropouts, draw == null ? null : random(draw));
            this.pooler = own(new Pooler(
                    network.config().pooling(), kernels, network.config().rnn(), steps, lengths));
            forward(inputs, draw);
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private Tensor random(SupervisedTask.Draw draw) {
        Tensor random = own(network.device().allocate(DataType.I32, 4));
        random.copyFrom(new int[] {(int) draw.seed(), (int) (draw.seed() >>> 32), draw.step(), 0});
        return random;
    }

    private void forward(List<InputSequence> inputs, SupervisedTask.Draw draw) {
        Tensor x = network.embedding() == null ? featuresOf(inputs) : embedded(inputs);
        dropout.input(ids.isEmpty() ? null : ids.get(0), x);
        RnnInput input = RnnInput.of(x).withLengths(SequenceLengths.of(steps, lengths));
        Tensor y;
        if (draw == null) {
            RnnOutput output = network.rnn().infer(input);
            own(output);
            y = output.y();
        } else {
            network.rnn().seedDropout(draw.seed(), draw.step());
            pass = own(network.rnn().forward(input));
            y = pass.y();
        }
        Tensor pooled = pooler.forward(y);
        features = pooled;
        if (dropout.dropsOutput()) {
            features = allocate(pooled.shape().extent(0), pooled.shape().extent(1));
            dropout.output(sequence(pooled), sequence(features));
        }
    }

    /** As dropout sees it: one mask for all steps, or for each; what is pooled is one step. */
    private Tensor sequence(Tensor matrix) {
        boolean each = network.config().pooling() == Pooling.NONE;
        return matrix.view(0, each ? steps : 1, batch, matrix.shape().extent(1));
    }

    private Tensor featuresOf(List<InputSequence> inputs) {
        int width = network.config().rnn().inputSize();
        float[] values = new float[Math.toIntExact((long) steps * batch * width)];
        for (int n = 0; n < batch; n++) {
            float[] from = inputs.get(n).features();
            for (int t = 0; t < lengths[n]; t++) {
                System.arraycopy(from, t * width, values, (t * batch + n) * width, width);
            }
        }
        return own(network.device().of(type, values, steps, batch, width));
    }

    /** The sum over a step's tokens of their rows of the embedding. */
    private Tensor embedded(List<InputSequence> inputs) {
        int width = network.config().rnn().inputSize();
        Tensor x = allocate(steps, batch, width);
        int channels = inputs.get(0).tokens().length;
        for (InputSequence input : inputs) {
            if (input.tokens().length != channels) {
                throw new IllegalArgumentException("sequences must have equally many channels, found " + channels
                        + " and " + input.tokens().length);
            }
        }
        for (int channel = 0; channel < channels; channel++) {
            ids.add(ids(inputs, channel));
            Tensor rows = channel == 0 ? x : allocate(steps, batch, width);
            network.embedding().forward(ids.get(channel), rows);
            if (channel > 0) {
                kernels.addScaled(x, 1, rows);
            }
        }
        return x;
    }

    /** Padded with token 0, which the recurrence does not look at. */
    private Tensor ids(List<InputSequence> inputs, int channel) {
        int[] padded = new int[Math.multiplyExact(steps, batch)];
        for (int n = 0; n < batch; n++) {
            int[] tokens = inputs.get(n).tokens()[channel];
            for (int t = 0; t < lengths[n]; t++) {
                padded[t * batch + n] = tokens[t];
            }
        }
        Tensor tensor = own(network.device().allocate(DataType.I32, padded.length));
        tensor.copyFrom(padded);
        return tensor;
    }

    /** What the head reads: a row for each sample, or with {@link Pooling#NONE} for each step and sample, [T·N, F]. */
    Tensor features() {
        return features;
    }

    /** A tensor like {@link #features}, open as long as this. */
    Tensor likeFeatures() {
        return allocate(features.shape().extent(0), features.shape().extent(1));
    }

    /** What the head says, [rows, O], open as long as this. */
    Tensor outputs() {
        Tensor outputs = allocate(features.shape().extent(0), network.config().outputs());
        network.head().forward(features, outputs);
        return outputs;
    }

    /** What the head says of each step, by sequence without padding, [length, O]. Waits for queued work. */
    List<double[]> outputsBySequence() {
        double[] all = outputs().toDoubles();
        int width = network.config().outputs();
        List<double[]> sequences = new ArrayList<>(batch);
        for (int n = 0; n < batch; n++) {
            double[] own = new double[lengths[n] * width];
            for (int t = 0; t < lengths[n]; t++) {
                System.arraycopy(all, (t * batch + n) * width, own, t * width, width);
            }
            sequences.add(own);
        }
        return sequences;
    }

    /**
     * Queues the backward pass, once, and waits for what was queued beside it: sets the gradients of all parameters but the head's.
     *
     * @param dFeatures gradient of {@link #features}; overwritten
     */
    void backward(Tensor dFeatures) {
        dropout.output(sequence(dFeatures), sequence(dFeatures));
        RnnGradients gradients = own(pass.backward(pooler.backward(dFeatures), null, null));
        if (network.embedding() != null) {
            Tensor dx = gradients.dx();
            dropout.inputGradient(ids.get(0), dx);
            for (int channel = 0; channel < ids.size(); channel++) {
                network.embedding().backward(ids.get(channel), dx, channel > 0);
            }
        }
        kernels.join();
    }

    private Tensor allocate(long... extents) {
        return own(network.device().allocate(type, extents));
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
