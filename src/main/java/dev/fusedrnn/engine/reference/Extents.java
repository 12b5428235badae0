package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import java.util.Arrays;

/**
 * Where things lie in the arrays of one call: [T, N, features] sequences and [L·D, N, features] states.
 *
 * @param config the stack
 * @param steps T
 * @param batch N
 */
record Extents(RnnConfig config, int steps, int batch) {
    Extents {
        long features = Math.max(config.layerInputSize(0), config.totalOutputSize());
        requireOneArray("T·N·features", Math.multiplyExact((long) steps * batch, features));
        long states = (long) config.layers() * config.directions();
        requireOneArray("L·D·N·H", Math.multiplyExact(states * batch, (long) config.hiddenSize()));
    }

    private static void requireOneArray(String what, long elements) {
        if (elements > ReferenceExecution.MOST_ELEMENTS) {
            throw new IllegalArgumentException("the reference engine holds " + what + " in one Java array of at most "
                    + ReferenceExecution.MOST_ELEMENTS + " elements, found " + elements);
        }
    }

    /** Numbers in a [T, N, features] array. */
    int sequence(int features) {
        return steps * batch * features;
    }

    /** Index of time {@code t}, sample {@code n} in [T, N, features]. */
    int at(int t, int n, int features) {
        return (t * batch + n) * features;
    }

    /** Numbers in a [L·D, N, features] array. */
    int state(int features) {
        return config.layers() * config.directions() * batch * features;
    }

    /** Index of a layer's and direction's sample {@code n} in [L·D, N, features]. */
    int stateAt(int layer, int direction, int n, int features) {
        return ((layer * config.directions() + direction) * batch + n) * features;
    }

    /** Features of c; 0 for a cell without. */
    int cellSize() {
        return config.cell().hasCellState() ? config.hiddenSize() : 0;
    }

    /** Valid steps of sample {@code n}. */
    int length(SequenceLengths lengths, int n) {
        return lengths == null ? steps : lengths.get(n);
    }

    /** The time a direction reads as its step number {@code step}. */
    static int time(int direction, int step, int length) {
        return direction == 0 ? step : length - 1 - step;
    }

    /** A copy of {@code count} values from index {@code at}. */
    static double[] slice(double[] values, int at, int count) {
        return Arrays.copyOfRange(values, at, at + count);
    }
}
