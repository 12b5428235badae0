package dev.fusedrnn.nn;

import java.util.Arrays;

/**
 * Outputs of an ONNX recurrent operator.
 *
 * @param y [T, D, N, H]
 * @param hy [D, N, H]
 * @param cy [D, N, H], or null
 */
record OnnxOutputs(float[] y, float[] hy, float[] cy) {
    /** From y [T, N, D·H], this library's order. */
    static OnnxOutputs of(RnnOutput output, int steps, int batch, int directions, int hidden) {
        float[] from = output.y().toFloats();
        float[] y = new float[from.length];
        for (int row = 0; row < steps * batch * directions; row++) {
            int t = row / (batch * directions);
            int n = row / directions % batch;
            int d = row % directions;
            System.arraycopy(from, row * hidden, y, ((t * directions + d) * batch + n) * hidden, hidden);
        }
        return new OnnxOutputs(
                y,
                output.hy().toFloats(),
                output.cy() == null ? null : output.cy().toFloats());
    }

    /** The second of two directions. */
    OnnxOutputs second(int steps) {
        int block = y.length / steps / 2;
        float[] half = new float[y.length / 2];
        for (int t = 0; t < steps; t++) {
            System.arraycopy(y, (2 * t + 1) * block, half, t * block, block);
        }
        return new OnnxOutputs(half, secondHalf(hy), cy == null ? null : secondHalf(cy));
    }

    private static float[] secondHalf(float[] values) {
        return Arrays.copyOfRange(values, values.length / 2, values.length);
    }
}
