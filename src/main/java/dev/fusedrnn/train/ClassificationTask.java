package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.tensor.Tensor;

/** Whole sequences are given one of O classes; the loss is cross-entropy in nats, one target for each sequence. */
public final class ClassificationTask implements SupervisedTask<LabelledSequence>, AutoCloseable {
    private final SequenceNetwork network;
    private final HeadLoss loss;

    /** A task of a network that pools; the network stays the caller's. */
    public ClassificationTask(SequenceNetwork network) {
        this.network = network;
        this.loss = new HeadLoss(network);
    }

    @Override
    public Kernels kernels() {
        return network.kernels();
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int length(LabelledSequence example) {
        return example.input().length();
    }

    @Override
    public void check(LabelledSequence example) {
        example.input().check(network.config());
        int classes = network.config().outputs();
        if (example.label() < 0 || example.label() >= classes) {
            throw new IllegalArgumentException("label must be in [0, " + classes + "), found " + example.label());
        }
    }

    @Override
    public long targets(ExampleBatch<LabelledSequence> minibatch) {
        return minibatch.size();
    }

    @Override
    public void differentiate(
            ExampleBatch<LabelledSequence> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw) {
        try (NetworkPass pass = pass(minibatch, draw)) {
            loss.differentiate(pass, labels(minibatch), gradientScale, lossSum);
        }
    }

    @Override
    public void evaluate(ExampleBatch<LabelledSequence> minibatch, Tensor lossSum) {
        try (NetworkPass pass = pass(minibatch, null)) {
            loss.evaluate(pass, labels(minibatch), lossSum);
        }
    }

    private NetworkPass pass(ExampleBatch<LabelledSequence> minibatch, Draw draw) {
        var inputs = minibatch.examples().stream().map(LabelledSequence::input).toList();
        return new NetworkPass(network, inputs, minibatch.steps(), draw);
    }

    private static int[] labels(ExampleBatch<LabelledSequence> minibatch) {
        return minibatch.examples().stream().mapToInt(LabelledSequence::label).toArray();
    }

    /**
     * What the head says of sequences, before the softmax.
     *
     * @return N · O values, one sequence after the other
     */
    public float[] logits(ExampleBatch<InputSequence> minibatch) {
        try (NetworkPass pass = new NetworkPass(network, minibatch.examples(), minibatch.steps(), null)) {
            return pass.outputs().toFloats();
        }
    }

    /** Frees the task's own tensors. Closing twice is harmless. */
    @Override
    public void close() {
        loss.close();
    }
}
