package dev.fusedrnn.nn;

/**
 * Keras' recurrent layers in double, written from its documentation and nothing else of this library: {@code
 * matmul(row, kernel)} with kernels [in, G·units], gates cut from columns.
 */
final class KerasCells {
    private KerasCells() {}

    /** Weights as {@code get_weights()} gives them; {@code bias} has one row, or two for {@code reset_after=True}. */
    record Layer(double[][] kernel, double[][] recurrent, double[][] bias) {
        int units() {
            return recurrent.length;
        }
    }

    /** State [h] or [h, c] after one step; {@code h} is the output. */
    interface Cell {
        double[][] step(Layer layer, double[] x, double[][] state);
    }

    /** SimpleRNN with {@code activation='tanh'}. */
    static double[][] simpleRnn(Layer layer, double[] x, double[][] state) {
        double[] h = plus(plus(times(x, layer.kernel), layer.bias[0]), times(state[0], layer.recurrent));
        for (int j = 0; j < h.length; j++) {
            h[j] = Math.tanh(h[j]);
        }
        return new double[][] {h};
    }

    /** LSTM: {@code z = x·kernel + h·recurrent + bias; i, f, c, o = split(z, 4)}. */
    static double[][] lstm(Layer layer, double[] x, double[][] state) {
        int units = layer.units();
        double[] z = plus(plus(times(x, layer.kernel), times(state[0], layer.recurrent)), layer.bias[0]);
        double[] h = new double[units];
        double[] c = new double[units];
        for (int j = 0; j < units; j++) {
            double i = sigmoid(z[j]);
            double f = sigmoid(z[units + j]);
            c[j] = f * state[1][j] + i * Math.tanh(z[2 * units + j]);
            double o = sigmoid(z[3 * units + j]);
            h[j] = o * Math.tanh(c[j]);
        }
        return new double[][] {h, c};
    }

    /** GRU with {@code reset_after=True}: {@code hh = tanh(x_h + r * recurrent_h)}, both with their biases. */
    static double[][] gruResetAfter(Layer layer, double[] x, double[][] state) {
        int units = layer.units();
        double[] matrixX = plus(times(x, layer.kernel), layer.bias[0]);
        double[] matrixInner = plus(times(state[0], layer.recurrent), layer.bias[1]);
        double[] h = new double[units];
        for (int j = 0; j < units; j++) {
            double z = sigmoid(matrixX[j] + matrixInner[j]);
            double r = sigmoid(matrixX[units + j] + matrixInner[units + j]);
            double hh = Math.tanh(matrixX[2 * units + j] + r * matrixInner[2 * units + j]);
            h[j] = z * state[0][j] + (1 - z) * hh;
        }
        return new double[][] {h};
    }

    /** GRU with {@code reset_after=False}: {@code hh = tanh(x_h + (r * h)·recurrent_h)}. */
    static double[][] gruResetBefore(Layer layer, double[] x, double[][] state) {
        int units = layer.units();
        double[] matrixX = plus(times(x, layer.kernel), layer.bias[0]);
        double[] matrixInner = times(state[0], layer.recurrent);
        double[] gated = new double[units];
        for (int j = 0; j < units; j++) {
            gated[j] = sigmoid(matrixX[units + j] + matrixInner[units + j]) * state[0][j];
        }
        double[] candidate = times(gated, layer.recurrent);
        double[] h = new double[units];
        for (int j = 0; j < units; j++) {
            double z = sigmoid(matrixX[j] + matrixInner[j]);
            double hh = Math.tanh(matrixX[2 * units + j] + candidate[2 * units + j]);
            h[j] = z * state[0][j] + (1 - z) * hh;
        }
        return new double[][] {h};
    }

    /** Outputs of every step; {@code backwards} as in {@code go_backwards}, with the outputs put back in order. */
    static double[][] run(Cell cell, Layer layer, double[][] sequence, boolean backwards) {
        double[][] state = new double[2][layer.units()];
        double[][] outputs = new double[sequence.length][];
        for (int k = 0; k < sequence.length; k++) {
            int t = backwards ? sequence.length - 1 - k : k;
            state = cell.step(layer, sequence[t], state);
            outputs[t] = state[0];
        }
        return outputs;
    }

    private static double[] times(double[] row, double[][] matrix) {
        double[] product = new double[matrix[0].length];
        for (int k = 0; k < row.length; k++) {
            for (int j = 0; j < product.length; j++) {
                product[j] += row[k] * matrix[k][j];
            }
        }
        return product;
    }

    private static double[] plus(double[] a, double[] b) {
        double[] sum = a.clone();
        for (int j = 0; j < sum.length; j++) {
            sum[j] += b[j];
        }
        return sum;
    }

    private static double sigmoid(double value) {
        return 1 / (1 + Math.exp(-value));
    }
}
