package dev.fusedrnn.train;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * How a gradient changes on its way back through time: does it vanish or explode?
 *
 * @param norms Euclidean norm of dL/dh at the start of each time step, for a loss on the last step's output alone
 * @param spectralRadius largest absolute eigenvalue of the first layer's W_hh, for a plain RNN; NaN for gated cells, whose
 *     recurrence is not a power of it
 */
public record GradientFlow(double[] norms, double spectralRadius) {
    private static final int SQUARINGS = 12;

    /**
     * Measures a stack on an input from a zero state, with dL/dy = 1 in the last step.
     *
     * @param kernels operations of the stack's device
     * @param x [T, N, C], F32
     */
    public static GradientFlow measure(Rnn rnn, Kernels kernels, Tensor x) {
        int steps = Math.toIntExact(x.shape().extent(0));
        long batch = x.shape().extent(1);
        int outputs = rnn.config().totalOutputSize();
        try (SegmentedPass pass = SegmentedPass.forward(rnn, kernels, x, 1);
                Tensor dy = rnn.device().zeros(DataType.F32, steps, batch, outputs)) {
            kernels.fill(dy.view((steps - 1) * batch * outputs, batch * outputs), 1);
            double[] norms = pass.backward(dy, Truncation.none());
            boolean plain = rnn.config().cell().gates() == 1;
            return new GradientFlow(norms, plain ? radius(rnn) : Double.NaN);
        }
    }

    /** Mean factor by which one step back multiplies the norm: the geometric mean over all steps. */
    public double factorPerStep() {
        return Math.pow(norms[0] / norms[norms.length - 1], 1.0 / (norms.length - 1));
    }

    private static double radius(Rnn rnn) {
        ParameterLayout.Entry entry = ParameterLayout.of(rnn.config()).entry(ParameterLayout.Role.W_HH, 0, 0);
        int size = entry.rows();
        double[] weights =
                rnn.flatParameters().view(entry.offset(), entry.elements()).toDoubles();
        return spectralRadius(weights, size);
    }

    /**
     * Spectral radius of a square matrix by Gelfand's formula, {@code lim ‖A^k‖^(1/k)}: the matrix is squared again and
     * again and rescaled each time. Exact to about ln(size)/2^{@value #SQUARINGS}.
     *
     * @param matrix row-major, size·size elements
     */
    public static double spectralRadius(double[] matrix, int size) {
        if (matrix.length != size * size) {
            throw new IllegalArgumentException(
                    "matrix must have " + (long) size * size + " elements, found " + matrix.length);
        }
        double[] power = matrix.clone();
        double logarithm = 0;
        double exponent = 1;
        for (int i = 0; i <= SQUARINGS; i++) {
            double norm = 0;
            for (double value : power) {
                norm += value * value;
            }
            norm = Math.sqrt(norm);
            if (norm == 0) {
                return 0;
            }
            logarithm += Math.log(norm) / exponent;
            for (int j = 0; j < power.length; j++) {
                power[j] /= norm;
            }
            if (i < SQUARINGS) {
                power = square(power, size);
                exponent *= 2;
            }
        }
        return Math.exp(logarithm);
    }

    private static double[] square(double[] a, int size) {
        double[] product = new double[a.length];
        for (int i = 0; i < size; i++) {
            for (int k = 0; k < size; k++) {
                double factor = a[i * size + k];
                for (int j = 0; j < size; j++) {
                    product[i * size + j] += factor * a[k * size + j];
                }
            }
        }
        return product;
    }
}
