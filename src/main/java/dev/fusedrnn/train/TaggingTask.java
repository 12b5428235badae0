package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Each step of a sequence is given one of O classes. The loss is cross-entropy at each step where a class is expected, or that of
 * a linear-chain random field over the whole sequence, if the network has one; in nats, reported per step with a class.
 */
public final class TaggingTask implements SupervisedTask<TaggedSequence>, AutoCloseable {
    private final SequenceNetwork network;
    private final HeadLoss loss;
    private final ChainLoss chain;

    /** A task of a network that answers at every step; the network stays the caller's. */
    public TaggingTask(SequenceNetwork network) {
        this.network = network;
        this.loss = new HeadLoss(network);
        this.chain = network.config().crf() ? new ChainLoss(network) : null;
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
    public int length(TaggedSequence example) {
        return example.input().length();
    }

    @Override
    public void check(TaggedSequence example) {
        example.input().check(network.config());
        int classes = network.config().outputs();
        int expected = 0;
        for (int tag : example.tags()) {
            if (tag >= classes || tag < 0 && chain != null) {
                throw new IllegalArgumentException("tag must be in [0, " + classes + ")"
                        + (chain == null ? " or negative" : "") + ", found " + tag);
            }
            expected += tag >= 0 ? 1 : 0;
        }
        if (expected == 0) {
            throw new IllegalArgumentException("a class must be expected at one step or more, found none");
        }
    }

    @Override
    public long targets(ExampleBatch<TaggedSequence> minibatch) {
        return minibatch.examples().stream()
                .flatMapToInt(example -> Arrays.stream(example.tags()))
                .filter(tag -> tag >= 0)
                .count();
    }

    @Override
    public void differentiate(ExampleBatch<TaggedSequence> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw) {
        try (NetworkPass pass = pass(minibatch, draw)) {
            if (chain == null) {
                loss.differentiate(pass, padded(minibatch), gradientScale, lossSum);
            } else {
                chain.differentiate(pass, tags(minibatch), gradientScale, lossSum);
            }
        }
    }

    @Override
    public void evaluate(ExampleBatch<TaggedSequence> minibatch, Tensor lossSum) {
        try (NetworkPass pass = pass(minibatch, null)) {
            if (chain == null) {
                loss.evaluate(pass, padded(minibatch), lossSum);
            } else {
                chain.evaluate(pass, tags(minibatch), lossSum);
            }
        }
    }

    private NetworkPass pass(ExampleBatch<TaggedSequence> minibatch, Draw draw) {
        List<InputSequence> inputs =
                minibatch.examples().stream().map(TaggedSequence::input).toList();
        return new NetworkPass(network, inputs, minibatch.steps(), draw);
    }

    private static List<int[]> tags(ExampleBatch<TaggedSequence> minibatch) {
        return minibatch.examples().stream().map(TaggedSequence::tags).toList();
    }

    /** [T·N], negative behind a sequence's end. */
    private static int[] padded(ExampleBatch<TaggedSequence> minibatch) {
        int batch = minibatch.size();
        int[] targets = new int[minibatch.steps() * batch];
        Arrays.fill(targets, -1);
        for (int n = 0; n < batch; n++) {
            int[] tags = minibatch.get(n).tags();
            for (int t = 0; t < tags.length; t++) {
                targets[t * batch + n] = tags[t];
            }
        }
        return targets;
    }

    /**
     * The likeliest classes of each step, or of each sequence as a whole with a random field.
     *
     * @return an array for each sequence, as long as it
     * @throws IllegalStateException if no class is the likeliest: training has diverged, or features are too large
     */
    public List<int[]> tag(ExampleBatch<InputSequence> minibatch) {
        try (NetworkPass pass = new NetworkPass(network, minibatch.examples(), minibatch.steps(), null)) {
            List<double[]> logits = pass.outputsBySequence();
            logits.forEach(TaggingTask::requireNumbers);
            return chain == null ? logits.stream().map(this::likeliest).toList() : chain.best(logits);
        }
    }

    private static void requireNumbers(double[] logits) {
        for (double logit : logits) {
            if (!(logit < Double.POSITIVE_INFINITY)) {
                throw new IllegalStateException(
                        "the score of a class is " + logit + ": training has diverged, or features are too large");
            }
        }
    }

    private int[] likeliest(double[] logits) {
        int classes = network.config().outputs();
        int[] tags = new int[logits.length / classes];
        for (int t = 0; t < tags.length; t++) {
            for (int k = 1; k < classes; k++) {
                tags[t] = logits[t * classes + k] > logits[t * classes + tags[t]] ? k : tags[t];
            }
        }
        return tags;
    }

    /** Frees the task's own tensors. Closing twice is harmless. */
    @Override
    public void close() {
        loss.close();
    }
}
