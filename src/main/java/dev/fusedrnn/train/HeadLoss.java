package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SoftmaxLoss;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/** Softmax cross-entropy behind a network's passes; its buffers grow with the largest minibatch. */
final class HeadLoss implements AutoCloseable {
    private final SequenceNetwork network;
    private final Kernels kernels;
    private SoftmaxLoss loss;
    private long rows;
    private boolean training;

    HeadLoss(SequenceNetwork network) {
        this.network = network;
        this.kernels = network.kernels();
    }

    /** Losses and all gradients. Negative targets are ignored. */
    void differentiate(NetworkPass pass, int[] targets, Tensor gradientScale, Tensor lossSum) {
        SoftmaxLoss head = loss(targets.length, true);
        try (Tensor onDevice = targets(targets)) {
            Tensor gradient = pass.likeFeatures();
            head.forwardBackward(pass.features(), onDevice, gradientScale, gradient);
            kernels.sum(head.losses().view(0, targets.length), lossSum, true);
            pass.backward(gradient);
        }
    }

    /** Losses alone. */
    void evaluate(NetworkPass pass, int[] targets, Tensor lossSum) {
        SoftmaxLoss head = loss(targets.length, false);
        try (Tensor onDevice = targets(targets)) {
            head.forward(pass.features(), onDevice);
            kernels.sum(head.losses().view(0, targets.length), lossSum, true);
        }
    }

    private Tensor targets(int[] targets) {
        Tensor tensor = network.device().allocate(DataType.I32, targets.length);
        tensor.copyFrom(targets);
        return tensor;
    }

    /** One with buffers for so many rows. */
    SoftmaxLoss loss(long needed, boolean trains) {
        if (needed > rows || trains && !training) {
            close();
            long most = Math.max(rows, needed);
            // Until there is memory for the larger one, what is closed serves nobody.
            rows = 0;
            training |= trains;
            loss = new SoftmaxLoss(
                    kernels, network.head(), network.config().rnn().dataType(), most, training);
            rows = most;
        }
        return loss;
    }

    @Override
    public void close() {
        if (loss != null) {
            loss.close();
        }
    }
}
