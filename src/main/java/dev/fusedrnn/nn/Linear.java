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

    /** W [O, F]. */
    Tensor weight() {
        return parameters.value(weight);
    }

    /** Writes the first O columns of y [M, P] from x [M, F]. */
    public void forward(Tensor x, Tensor y) {
        forward(weight(), x, y);
    }

    /**
     * The same.
     *
     * @param w W, or a copy [O', F'] of it with zeros behind O rows and F columns
     * @param x [M, F or F'], with zeros behind F columns
     */
    void forward(Tensor w, Tensor x, Tensor y) {
        Tensor added = bias == null ? null : parameters.value(bias);
        kernels.gemm(false, true, rows(x), outputs, pitch(w), 1, x, pitch(x), w, pitch(w), 0, y, pitch(y), added);
    }

    /** Writes dx [M, F] from the first O columns of dy [M, P]. */
    public void backwardInput(Tensor dy, Tensor dx) {
        backwardInput(weight(), dy, dx);
    }

    /**
     * The same.
     *
     * @param w W, or a copy [O', F'] of it with zeros behind O rows and F columns
     * @param dy [M, P], with zeros from O to O'
     * @param dx [M, F or F']; zeros are written behind F columns
     */
    void backwardInput(Tensor w, Tensor dy, Tensor dx) {
        kernels.gemm(false, false, rows(dy), pitch(w), rows(w), 1, dy, pitch(dy), w, pitch(w), 0, dx, pitch(dx), null);
    }

    /**
     * Gradients of weight and bias.
     *
     * @param x what forward was given, [M, Q], of which the first F columns are read
     * @param dy [M, P], of which the first O columns are read
     * @param accumulate whether they are added to what is there rather than overwriting it
     */
    public void backwardParameters(Tensor x, Tensor dy, boolean accumulate) {
        Tensor gradient = parameters.gradient(weight);
        float beta = accumulate ? 1 : 0;
        kernels.gemm(
                true, false, outputs, inputs, rows(x), 1, dy, pitch(dy), x, pitch(x), beta, gradient, inputs, null);
        if (bias != null) {
            kernels.columnSum(dy, parameters.gradient(bias), accumulate);
        }
    }

    private static long rows(Tensor matrix) {
        return matrix.shape().extent(0);
    }

    /** Takes the memory of the gradients. It is cleared when it is taken, which must not be beside what writes to it. */
    void takeGradients() {
        parameters.gradients();
    }

    private static long pitch(Tensor matrix) {
        return matrix.shape().extent(1);
    }
}
