package dev.fusedrnn.nn;

import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.Tensor;

/**
 * Turns sequences around in time, each within its own length: step t of sample n goes to {@code length(n) − 1 − t}, and what
 * lies behind its length stays. Doing it twice changes nothing.
 *
 * <p>A stack over a reversed input, its output reversed again, is a backward direction of its own. Next to a second stack
 * over the input as it is, their outputs concatenated, this makes a bidirectional layer whose directions differ in size
 * or kind. Gradients take the same way: reverse dy for the reversed stack, then reverse its dx and add.
 */
public final class TimeReversal {
    private TimeReversal() {}

    /**
     * A reversed copy on the same device; the caller closes it.
     *
     * @param x [T, N, F] of any type
     * @param lengths valid steps of each sample, or null if all are T
     * @throws IllegalArgumentException if x has not three extents, or there are not N lengths of at most T
     */
    public static Tensor of(Tensor x, SequenceLengths lengths) {
        Arguments.requireOpen("x", x);
        if (x.shape().rank() != 3) {
            throw new IllegalArgumentException("x must have shape [T, N, F], found " + x.shape());
        }
        long steps = x.shape().extent(0);
        long batch = x.shape().extent(1);
        long features = x.shape().extent(2);
        requireLengths(lengths, steps, batch);
        Tensor reversed = x.device().allocate(x.dataType(), steps, batch, features);
        for (long t = 0; t < steps; t++) {
            for (long n = 0; n < batch; n++) {
                long source = sourceStep(lengths, steps, t, (int) n);
                reversed.view((t * batch + n) * features, features)
                        .copyFrom(x.view((source * batch + n) * features, features));
            }
        }
        return reversed;
    }

    /**
     * A reversed copy of an array.
     *
     * @param x [T, N, F]
     * @param lengths valid steps of each sample, or null if all are T
     * @throws IllegalArgumentException if x has not T·N·F elements, or there are not N lengths of at most T
     */
    public static float[] of(float[] x, int steps, int batch, int features, SequenceLengths lengths) {
        long elements = Math.multiplyExact(Math.multiplyExact((long) steps, batch), features);
        if (x.length != elements) {
            throw new IllegalArgumentException("x must have T·N·F = " + steps + "·" + batch + "·" + features + " = "
                    + elements + " elements, found " + x.length);
        }
        requireLengths(lengths, steps, batch);
        float[] reversed = new float[x.length];
        for (int t = 0; t < steps; t++) {
            for (int n = 0; n < batch; n++) {
                int source = (int) sourceStep(lengths, steps, t, n);
                System.arraycopy(x, (source * batch + n) * features, reversed, (t * batch + n) * features, features);
            }
        }
        return reversed;
    }

    private static long sourceStep(SequenceLengths lengths, long steps, long t, int n) {
        long length = lengths == null ? steps : lengths.get(n);
        return t < length ? length - 1 - t : t;
    }

    private static void requireLengths(SequenceLengths lengths, long steps, long batch) {
        if (lengths == null) {
            return;
        }
        if (lengths.batch() != batch) {
            throw new IllegalArgumentException(
                    "seqLengths must have N = " + batch + " elements, found " + lengths.batch());
        }
        for (int n = 0; n < batch; n++) {
            if (lengths.get(n) > steps) {
                throw new IllegalArgumentException(
                        "seqLengths[" + n + "] must be at most T = " + steps + ", found " + lengths.get(n));
            }
        }
    }
}
