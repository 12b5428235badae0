package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;

/** Sequences are given O values each; the loss of a value is its squared error, without a factor of one half. */
public final class RegressionTask implements SupervisedTask<SequenceWithValues>, AutoCloseable {
    private final SequenceNetwork network;
    private final Kernels kernels;
    /** F32 [2]: the two below, in one piece of memory. */
    private final Tensor scalars;

    private final Tensor squares;
    private final Tensor twice;

    /** A task of a network that pools; the network stays the caller's. */
    public RegressionTask(SequenceNetwork network) {
        this.network = network;
        this.kernels = network.kernels();
        this.scalars = network.device().zeros(DataType.F32, 2);
        this.squares = scalars.view(0, 1);
        this.twice = scalars.view(1, 1);
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int length(SequenceWithValues example) {
        return example.input().length();
    }

    @Override
    public void check(SequenceWithValues example) {
        example.input().check(network.config());
        int outputs = network.config().outputs();
        if (example.values().length != outputs) {
            throw new IllegalArgumentException("expected " + outputs + " values, found " + example.values().length);
        }
        for (int i = 0; i < outputs; i++) {
            if (!Float.isFinite(example.values()[i])) {
                throw new IllegalArgumentException("value " + i + " must be finite, found " + example.values()[i]);
            }
        }
    }

    @Override
    public long targets(ExampleBatch<SequenceWithValues> minibatch) {
        return (long) minibatch.size() * network.config().outputs();
    }

    @Override
    public void differentiate(
            ExampleBatch<SequenceWithValues> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw) {
        try (NetworkPass pass = pass(minibatch, draw);
                Tensor errors = errors(pass, minibatch, lossSum);
                Tensor gradient = like(errors)) {
            // The square's derivative is twice the error.
            kernels.convert(gradientScale, twice);
            kernels.addScaled(twice, 1, gradientScale);
            kernels.scale(errors, twice);
            kernels.convert(errors, gradient);
            Tensor dFeatures = pass.likeFeatures();
            network.head().backwardInput(gradient, dFeatures);
            network.head().backwardParameters(pass.features(), gradient, false);
            pass.backward(dFeatures);
        }
    }

    @Override
    public void evaluate(ExampleBatch<SequenceWithValues> minibatch, Tensor lossSum) {
        try (NetworkPass pass = pass(minibatch, null)) {
            errors(pass, minibatch, lossSum).close();
        }
    }

    private Tensor like(Tensor errors) {
        DataType type = network.config().rnn().dataType();
        return network.device()
                .allocate(type, errors.shape().extent(0), errors.shape().extent(1));
    }

    /** Predicted less expected in F32, [N, O]; their squares are added to {@code lossSum}. */
    private Tensor errors(NetworkPass pass, ExampleBatch<SequenceWithValues> minibatch, Tensor lossSum) {
        int outputs = network.config().outputs();
        float[] expected = new float[minibatch.size() * outputs];
        for (int n = 0; n < minibatch.size(); n++) {
            System.arraycopy(minibatch.get(n).values(), 0, expected, n * outputs, outputs);
        }
        Tensor errors = network.device().allocate(DataType.F32, minibatch.size(), outputs);
        try (Tensor values = network.device().of(DataType.F32, expected, minibatch.size(), outputs)) {
            kernels.convert(pass.outputs(), errors);
            kernels.addScaled(errors, -1, values);
            kernels.squaredNorm(errors, squares);
            kernels.addScaled(lossSum, 1, squares);
            return errors;
        } catch (RuntimeException | Error failed) {
            errors.close();
            throw failed;
        }
    }

    private NetworkPass pass(ExampleBatch<SequenceWithValues> minibatch, Draw draw) {
        List<InputSequence> inputs =
                minibatch.examples().stream().map(SequenceWithValues::input).toList();
        return new NetworkPass(network, inputs, minibatch.steps(), draw);
    }

    /** The values of sequences, N · O of them, one sequence after the other. */
    public float[] values(ExampleBatch<InputSequence> minibatch) {
        try (NetworkPass pass = new NetworkPass(network, minibatch.examples(), minibatch.steps(), null)) {
            return pass.outputs().toFloats();
        }
    }

    /** Frees the task's own tensors. Closing twice is harmless. */
    @Override
    public void close() {
        scalars.close();
    }
}
