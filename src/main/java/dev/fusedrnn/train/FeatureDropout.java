package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.tensor.Tensor;

/** The dropout of what goes into a network's stacks and comes out of them; a gradient goes through the same masks. */
final class FeatureDropout {
    private final Kernels kernels;
    private final Dropouts dropouts;
    private final Tensor random;

    /**
     * Dropout with masks of a generator.
     *
     * @param random I32 [4]: seed low, seed high, draw, 0
     */
    FeatureDropout(Kernels kernels, Dropouts dropouts, Tensor random) {
        this.kernels = kernels;
        this.dropouts = dropouts;
        this.random = random;
    }

    /** Drops rows of tokens, then elements of features [T, N, E]. */
    void input(Tensor ids, Tensor features) {
        rows(ids, features);
        elements(features, features, dropouts.input(), LanguageNetwork.INPUT_STREAM);
    }

    /** Whether {@link #input} does anything. */
    boolean dropsInput() {
        return dropouts.embedding() > 0 || dropouts.input() > 0;
    }

    /** Whether {@link #output} does anything. */
    boolean dropsOutput() {
        return dropouts.output() > 0;
    }

    /** The way back of {@link #input}. */
    void inputGradient(Tensor ids, Tensor gradient) {
        elements(gradient, gradient, dropouts.input(), LanguageNetwork.INPUT_STREAM);
        rows(ids, gradient);
    }

    /** Drops elements of outputs [T, N, F], or of their gradient; does nothing if nothing is dropped. */
    void output(Tensor from, Tensor to) {
        elements(from, to, dropouts.output(), LanguageNetwork.OUTPUT_STREAM);
    }

    private void rows(Tensor ids, Tensor features) {
        if (dropouts.embedding() > 0) {
            float probability = (float) dropouts.embedding();
            kernels.dropoutRows(ids, features, features, probability, random, LanguageNetwork.EMBEDDING_STREAM);
        }
    }

    private void elements(Tensor from, Tensor to, double probability, int stream) {
        if (probability > 0) {
            long step = from.elements() / from.shape().extent(0);
            kernels.dropout(from, to, (float) probability, random, stream, dropouts.locked() ? step : 0);
        }
    }
}
