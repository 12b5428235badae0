package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Tensor;

/**
 * Where the gradient of a {@link TokenInput}'s table goes.
 *
 * @param table F32 [V, C]; written
 * @param accumulate whether it is added to what is there rather than overwriting it
 */
public record TableGradient(Tensor table, boolean accumulate) {}
