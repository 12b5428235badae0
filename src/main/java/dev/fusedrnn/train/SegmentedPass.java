package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.nn.RnnGradients;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnPass;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A forward pass over a sequence in segments, each from the state the one before ended in, and a backward pass in which a
 * {@link Truncation} says how much of the gradient crosses each border. For studies of truncation and of gradients that
 * vanish or explode; training itself uses {@link SequencePass}. F32 alone.
 */
public final class SegmentedPass implements AutoCloseable {
    private final Rnn rnn;
    private final Kernels kernels;
    private final List<RnnPass> passes = new ArrayList<>();
    private final List<Tensor> inputs = new ArrayList<>();

    private SegmentedPass(Rnn rnn, Kernels kernels) {
        this.rnn = rnn;
        this.kernels = kernels;
    }

    /**
     * Runs forward from a zero state.
     *
     * @param kernels operations of the stack's device
     * @param x [T, N, C]; must be unchanged and open until this is closed
     * @param segment steps of a segment, a divisor of T
     */
    public static SegmentedPass forward(Rnn rnn, Kernels kernels, Tensor x, int segment) {
        long steps = x.shape().extent(0);
        if (segment < 1 || steps % segment != 0) {
            throw new IllegalArgumentException("segment must be a divisor of T = " + steps + ", found " + segment);
        }
        long batch = x.shape().extent(1);
        long features = x.shape().extent(2);
        SegmentedPass segmented = new SegmentedPass(rnn, kernels);
        Tensor hx = null;
        Tensor cx = null;
        for (long t = 0; t < steps; t += segment) {
            Tensor part = x.view(t * batch * features, segment, batch, features);
            segmented.inputs.add(part);
            RnnPass pass = rnn.forward(RnnInput.of(part).withState(hx, cx));
            segmented.passes.add(pass);
            hx = pass.hy();
            cx = pass.cy();
        }
        return segmented;
    }

    /** Output of segment {@code index}. */
    public Tensor y(int index) {
        return passes.get(index).y();
    }

    /**
     * Runs backward once; overwrites the gradients of the stack's parameters.
     *
     * @param dy gradient of all outputs, [T, N, D·H]
     * @return Euclidean norms of the gradient of h as it arrives at the start of each segment, before truncation
     */
    public double[] backward(Tensor dy, Truncation truncation) {
        double[] norms = new double[passes.size()];
        Tensor dhy = null;
        Tensor dcy = null;
        long perSegment = dy.elements() / passes.size();
        try (Tensor factor = kernels.device().zeros(DataType.F32, 1)) {
            for (int i = passes.size() - 1; i >= 0; i--) {
                Tensor part = dy.view(
                        i * perSegment,
                        inputs.get(i).shape().extent(0),
                        dy.shape().extent(1),
                        dy.shape().extent(2));
                boolean last = i == passes.size() - 1;
                RnnGradients gradients = passes.get(i).backward(part, dhy, dcy, !last);
                close(dhy, dcy);
                gradients.dx().close();
                dhy = gradients.dhx();
                dcy = gradients.dcx();
                norms[i] = norm(dhy, factor);
                factor.copyFrom(new float[] {(float) truncation.factor()});
                scale(dhy, factor);
                scale(dcy, factor);
            }
        } finally {
            close(dhy, dcy);
        }
        return norms;
    }

    private double norm(Tensor values, Tensor scratch) {
        kernels.squaredNorm(values, scratch);
        return Math.sqrt(scratch.toFloats()[0]);
    }

    private void scale(Tensor values, Tensor factor) {
        if (values != null) {
            kernels.scale(values, factor);
        }
    }

    private static void close(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                tensor.close();
            }
        }
    }

    /** The stack. */
    public Rnn rnn() {
        return rnn;
    }

    /** Frees what was kept. Closing twice is harmless. */
    @Override
    public void close() {
        passes.forEach(RnnPass::close);
    }
}
