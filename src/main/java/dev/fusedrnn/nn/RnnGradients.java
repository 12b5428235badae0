package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Tensor;

/**
 * Gradients of what a stack was given. The tensors belong to the receiver of this value. Gradients of the parameters are in
 * {@link Parameters#gradients()}.
 *
 * @param dx as x; zero behind a sample's length
 * @param dhx [L·D, N, P or H]
 * @param dcx [L·D, N, H]; null if the cell has no cell state
 */
public record RnnGradients(Tensor dx, Tensor dhx, Tensor dcx) implements AutoCloseable {
    @Override
    public void close() {
        dx.close();
        dhx.close();
        if (dcx != null) {
            dcx.close();
        }
    }
}
