package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Tensor;

/**
 * Tokens in place of a sequence of features. What the first layer's gates get from its input depends on the token alone, so
 * an execution that {@linkplain RnnExecution#takes takes} tokens computes it once for each of the V there are, instead of once
 * for each of T·N, and looks it up.
 *
 * @param ids I32 [T·N], each in [0, V); read
 * @param table features of each token, [V, C]; null for indicator vectors, where V is C; read
 */
public record TokenInput(Tensor ids, Tensor table) {
    /** V, for a stack that reads {@code inputs} features. */
    public long vocabularySize(int inputs) {
        return table == null ? inputs : table.shape().extent(0);
    }
}
