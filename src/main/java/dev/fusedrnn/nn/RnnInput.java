package dev.fusedrnn.nn;

import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.Tensor;

/**
 * What a stack is given.
 *
 * @param x [T, N, C], or [N, T, C] if the stack is batch-first
 * @param hx [L·D, N, P or H], or null for zeros
 * @param cx [L·D, N, H], or null for zeros; for an LSTM alone
 * @param lengths valid steps of each sample, or null if all are T
 */
public record RnnInput(Tensor x, Tensor hx, Tensor cx, SequenceLengths lengths) {
    /** A sequence from a zero state, all of full length. */
    public static RnnInput of(Tensor x) {
        return new RnnInput(x, null, null, null);
    }

    /** The same from a state; {@code cx} is null for cells without a cell state. */
    public RnnInput withState(Tensor hx, Tensor cx) {
        return new RnnInput(x, hx, cx, lengths);
    }

    /** The same with lengths. */
    public RnnInput withLengths(SequenceLengths lengths) {
        return new RnnInput(x, hx, cx, lengths);
    }
}
