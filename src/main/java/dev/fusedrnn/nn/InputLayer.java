package dev.fusedrnn.nn;

import dev.fusedrnn.engine.TokenInput;
import dev.fusedrnn.tensor.Tensor;

/** Turns token ids into the features a recurrent stack reads. */
public sealed interface InputLayer extends AutoCloseable permits Embedding, OneHotInput {
    /** V: ids are in [0, V). */
    int vocabularySize();

    /** Features of one token. */
    int features();

    /** Whether {@link #backward} has anything to do. */
    boolean hasParameters();

    /**
     * Features of each token.
     *
     * @param ids I32 [M], in [0, V); read
     * @param out [M, features]; written
     */
    void forward(Tensor ids, Tensor out);

    /**
     * Gradient of the layer's parameters.
     *
     * @param dOut [M, features]; read
     * @param accumulate whether it is added to what is there rather than overwriting it
     */
    void backward(Tensor ids, Tensor dOut, boolean accumulate);

    /**
     * What {@link #forward} would compute features from, for an engine that does without them.
     *
     * @param ids I32 [M], in [0, V)
     */
    TokenInput tokens(Tensor ids);

    /** Where the gradient of the tokens' table goes; null if the layer has no parameters. */
    Tensor tableGradient();

    @Override
    void close();
}
