package dev.fusedrnn.nn;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import java.util.Arrays;
import java.util.Random;

/**
 * Inputs of an ONNX recurrent operator.
 *
 * @param config one layer
 * @param x [T, N, C]
 * @param w [D, G·H, C]
 * @param r [D, G·H, H]
 * @param b [D, 2·G·H]
 * @param hx [D, N, H], or null
 * @param cx [D, N, H], or null
 * @param lengths [N], or null
 */
record OnnxProblem(
        RnnConfig config, float[] x, float[] w, float[] r, float[] b, float[] hx, float[] cx, int[] lengths) {
    static final int T = 6;
    static final int N = 4;

    /** Random values in both directions; lengths mix the longest, the shortest and some between, unsorted. */
    static OnnxProblem random(RnnConfig config, boolean withLengths, boolean withState) {
        Random random = new Random(7);
        int rows = config.cell().gates() * config.hiddenSize();
        int directions = config.directions();
        int state = directions * N * config.hiddenSize();
        boolean withCell = withState && config.cell() == CellType.LSTM;
        return new OnnxProblem(
                config,
                values(random, T * N * config.inputSize(), 1.5f),
                values(random, directions * rows * config.inputSize(), 0.6f),
                values(random, directions * rows * config.hiddenSize(), 0.6f),
                values(random, directions * 2 * rows, 0.6f),
                withState ? values(random, state, 0.9f) : null,
                withCell ? values(random, state, 1.5f) : null,
                withLengths ? new int[] {4, 1, T, 3} : null);
    }

    /** One of two directions as a problem of its own. */
    OnnxProblem direction(int direction) {
        return new OnnxProblem(
                config.withBidirectional(false),
                x,
                half(w, direction),
                half(r, direction),
                half(b, direction),
                half(hx, direction),
                half(cx, direction),
                lengths);
    }

    private static float[] half(float[] values, int direction) {
        if (values == null) {
            return null;
        }
        int length = values.length / 2;
        return Arrays.copyOfRange(values, direction * length, (direction + 1) * length);
    }

    private static float[] values(Random random, int count, float limit) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = limit * (2 * random.nextFloat() - 1);
        }
        return values;
    }
}
