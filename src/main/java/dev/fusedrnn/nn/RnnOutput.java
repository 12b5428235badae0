package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Tensor;

/**
 * What a stack returns. The tensors belong to the receiver of this value.
 *
 * @param y [T, N, D·(P or H)], or [N, T, …] if the stack is batch-first
 * @param hy [L·D, N, P or H]
 * @param cy [L·D, N, H]; null if the cell has no cell state
 */
public record RnnOutput(Tensor y, Tensor hy, Tensor cy) implements AutoCloseable {
    @Override
    public void close() {
        y.close();
        hy.close();
        if (cy != null) {
            cy.close();
        }
    }
}
