package dev.fusedrnn.nn;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Tensor;

/** {@code y = x·Wᵀ + b}: weight [O, F], bias [O]. The weight may be shared with an embedding's table. */
public final class Linear {
    private final Kernels kernels;
    private final Parameters parameters;
    private final String weight;
    private final String bias;
    private final int inputs;
    private final int outputs;

    /**
     * A layer on parameters of these names.
     *
     * @param weight name of the weight [O, F]
     * @param bias name of the bias [O], or null for none
     */
    public Linear(Kernels kernels, Parameters parameters, String weight, String bias) {
        this.kernels = kernels;
        this.parameters = parameters;
        this.weight = weight;
        this.bias = bias;
        this.outputs = Math.toIntExact(parameters.entry(weight).shape().extent(0));
        this.inputs = Math.toIntExact(parameters.entry(weight).shape().extent(1));
    }

    /** F. */
    public int inputs() {
        return inputs;
    }

    /** O. */
    public int outputs() {
        return outputs;
    }

    /** Writes the first O columns of y [M, P] from x [M, F]. */
    public void forward(Tensor x, Tensor y) {
        long rows = x.shape().extent(0);
        Tensor w = parameters.value(weight);
        Tensor added = bias == null ? null : parameters.value(bias);
        kernels.gemm(false, true, rows, outputs, inputs, 1, x, inputs, w, inputs, 0, y, pitch(y), added);
    }

    /** Writes dx [M, F] from the first O columns of dy [M, P]. */
    public void backwardInput(Tensor dy, Tensor dx) {
        long rows = dy.shape().extent(0);
        Tensor w = parameters.value(weight);
        kernels.gemm(false, false, rows, inputs, outputs, 1, dy, pitch(dy), w, inputs, 0, dx, inputs, null);
    }

    /**
     * Gradients of weight and bias.
     *
     * @param x what forward was given
     * @param dy [M, P], of which the first O columns are read
     * @param accumulate whether they are added to what is there rather than overwriting it
     */
    public void backwardParameters(Tensor x, Tensor dy, boolean accumulate) {
        long rows = x.shape().extent(0);
        Tensor gradient = parameters.gradient(weight);
        float beta = accumulate ? 1 : 0;
        kernels.gemm(true, false, outputs, inputs, rows, 1, dy, pitch(dy), x, inputs, beta, gradient, inputs, null);
        if (bias != null) {
            kernels.columnSum(dy, parameters.gradient(bias), accumulate);
        }
    }

    private static long pitch(Tensor matrix) {
        return matrix.shape().extent(1);
    }
}
