package dev.fusedrnn.text;

import java.util.Arrays;

/** Writes windows of a sequence as the columns of time-major minibatches. Where a window starts, a subclass says. */
abstract class Windows implements Minibatches.Epoch {
    static final long NONE = -1;

    private final TokenSequence tokens;
    private final int batch;
    private final int steps;
    private final long size;
    private final int[] window;

    Windows(TokenSequence tokens, int batch, int steps, long size) {
        this.tokens = tokens;
        this.batch = batch;
        this.steps = steps;
        this.size = size;
        this.window = new int[steps + 1];
    }

    /** The first input of an example, or {@link #NONE}. */
    abstract long start(long index, int example);

    @Override
    public final long size() {
        return size;
    }

    @Override
    public final long load(long index, int[] inputs, int[] targets) {
        checkIndex(index);
        checkRoom("inputs", inputs, batch, steps);
        checkRoom("targets", targets, batch, steps);
        long kept = 0;
        for (int n = 0; n < batch; n++) {
            long start = start(index, n);
            if (start == NONE) {
                Arrays.fill(window, 0);
            } else {
                tokens.copy(start, window, 0, steps + 1);
                kept += steps;
            }
            writeColumn(n, start != NONE, inputs, targets);
        }
        return kept;
    }

    @Override
    public final int steps(long index) {
        checkIndex(index);
        return steps;
    }

    @Override
    public boolean continuesState(long index) {
        checkIndex(index);
        return false;
    }

    final void checkIndex(long index) {
        if (index < 0 || index >= size) {
            throw new IllegalArgumentException("index: expected 0 to " + (size - 1) + ", found " + index);
        }
    }

    private void writeColumn(int n, boolean kept, int[] inputs, int[] targets) {
        for (int t = 0; t < steps; t++) {
            inputs[t * batch + n] = window[t];
            targets[t * batch + n] = kept ? window[t + 1] : Minibatches.IGNORED;
        }
    }

    static void checkRoom(String name, int[] array, int batch, int steps) {
        if (array.length < steps * batch) {
            throw new IllegalArgumentException(
                    name + ": expected room for " + steps + " x " + batch + " tokens, found " + array.length);
        }
    }

    /** Checks sizes, and that the product of batch and steps is a size of an array. */
    static void checkSizes(int batch, int steps) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch: expected at least 1, found " + batch);
        }
        if (steps < 1) {
            throw new IllegalArgumentException("steps: expected at least 1, found " + steps);
        }
        if ((long) batch * steps > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "batch, steps: expected a product below 2^31, found " + batch + " x " + steps);
        }
    }

    static void checkEpoch(long index) {
        if (index < 0) {
            throw new IllegalArgumentException("epoch: expected at least 0, found " + index);
        }
    }

    static void checkLength(TokenSequence tokens, long least, int batch, int steps) {
        if (tokens.size() < least) {
            throw new IllegalArgumentException("text: expected at least " + least + " tokens for batch " + batch
                    + " and " + steps + " steps, found " + tokens.size());
        }
    }
}
