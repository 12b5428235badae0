package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Tensor;

/**
 * The tensors of one backward pass through time, after a forward pass with the same {@code forward} call.
 *
 * @param forward what the forward pass was given; its x, hx, cx, y and reserve must be unchanged. hx and cx must not
 *     share memory with hy and cy when a backward pass follows
 * @param dy gradient of y, [T, N, D·(P or H)], or null for zeros; read. Values behind a sample's length count for nothing
 * @param dhy gradient of hy, or null for zeros; read
 * @param dcy gradient of cy, or null for zeros; read
 * @param dx gradient of x, [T, N, C], or null; null with tokens; written, zero behind a sample's length
 * @param dhx gradient of hx, or null; written
 * @param dcx gradient of cx, or null; written, zero where cx is at or beyond ±{@link RnnConfig#cellClip}
 * @param dParameters flat gradient of the parameters in the configuration's data type or F32 (F64 with F64), in the
 *     order of {@link ParameterLayout}, or null
 * @param accumulate whether dParameters is added to rather than overwritten
 * @param dTable gradient of the tokens' table, or null; needs dParameters
 */
public record BackwardCall(
        ForwardCall forward,
        Tensor dy,
        Tensor dhy,
        Tensor dcy,
        Tensor dx,
        Tensor dhx,
        Tensor dcx,
        Tensor dParameters,
        boolean accumulate,
        TableGradient dTable) {
    /** The way back of a pass over features. */
    public BackwardCall(
            ForwardCall forward,
            Tensor dy,
            Tensor dhy,
            Tensor dcy,
            Tensor dx,
            Tensor dhx,
            Tensor dcx,
            Tensor dParameters,
            boolean accumulate) {
        this(forward, dy, dhy, dcy, dx, dhx, dcx, dParameters, accumulate, null);
    }
}
