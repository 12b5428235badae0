package dev.fusedrnn.engine;

import dev.fusedrnn.kernel.DropoutMask;
import dev.fusedrnn.kernel.ZoneoutMask;
import dev.fusedrnn.tensor.Tensor;

/**
 * The tensors of one forward pass. All lie on the execution's device in the configuration's data type unless said
 * otherwise; a null stands for "not given" or "not wanted". Views may begin anywhere, but that the fused engine's persistent
 * kernels refuse a reserve off 16 bytes, and with 16-bit types y, its gradient and hx where no row of an aligned tensor could
 * begin.
 *
 * @param parameters flat, in the order of {@link ParameterLayout}; read
 * @param x [T, N, C]; null if {@code tokens} are given; read
 * @param hx [L·D, N, P or H], or null for zeros; read
 * @param cx [L·D, N, H], or null for zeros; LSTM only; read
 * @param lengths valid steps per sample, or null if all are T
 * @param random I32 [4]: seed low, seed high, draw, 0 of the generator of {@link DropoutMask} and {@link ZoneoutMask};
 *     needed in training if {@link RnnConfig#drawsMasks}, unused otherwise
 * @param y [T, N, D·(P or H)]; written
 * @param hy [L·D, N, P or H], or null; written; may be the same memory as hx
 * @param cy [L·D, N, H], or null; written; may be the same memory as cx
 * @param reserve bytes for the backward pass ({@link RnnExecution#reserveBytes}), any type; null in inference; written
 * @param tokens in place of x, for an execution that {@linkplain RnnExecution#takes takes} them; else null
 */
public record ForwardCall(
        Tensor parameters,
        Tensor x,
        Tensor hx,
        Tensor cx,
        SequenceLengths lengths,
        Tensor random,
        Tensor y,
        Tensor hy,
        Tensor cy,
        Tensor reserve,
        TokenInput tokens) {
    /** A pass over features. */
    public ForwardCall(
            Tensor parameters,
            Tensor x,
            Tensor hx,
            Tensor cx,
            SequenceLengths lengths,
            Tensor random,
            Tensor y,
            Tensor hy,
            Tensor cy,
            Tensor reserve) {
        this(parameters, x, hx, cx, lengths, random, y, hy, cy, reserve, null);
    }
}
