package dev.fusedrnn.nn;

import dev.fusedrnn.engine.TokenInput;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * The indicator vector of each token: a row of the identity matrix. The stack's first weight matrix then plays the part of
 * an embedding. Meant for small vocabularies: features and the identity grow with V.
 */
public final class OneHotInput implements InputLayer {
    /** The largest vocabulary: its identity matrix takes 256 MiB in F32. */
    public static final int MAX_VOCABULARY = 8192;

    private final Kernels kernels;
    private final Tensor identity;
    private final int vocabularySize;

    /** Indicator vectors of {@code vocabularySize} features in a data type. */
    public OneHotInput(Kernels kernels, DataType dataType, int vocabularySize) {
        if (vocabularySize < 1 || vocabularySize > MAX_VOCABULARY) {
            throw new IllegalArgumentException("one-hot input takes a vocabulary in [1, " + MAX_VOCABULARY
                    + "] tokens, found " + vocabularySize + "; use an embedding");
        }
        this.kernels = kernels;
        this.vocabularySize = vocabularySize;
        float[] rows = new float[vocabularySize * vocabularySize];
        for (int i = 0; i < vocabularySize; i++) {
            rows[i * vocabularySize + i] = 1;
        }
        this.identity = kernels.device().of(dataType, rows, vocabularySize, vocabularySize);
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public int features() {
        return vocabularySize;
    }

    @Override
    public boolean hasParameters() {
        return false;
    }

    @Override
    public void forward(Tensor ids, Tensor out) {
        kernels.gather(ids, identity, out);
    }

    @Override
    public void backward(Tensor ids, Tensor dOut, boolean accumulate) {
        // Indicators are constants.
    }

    @Override
    public TokenInput tokens(Tensor ids) {
        return new TokenInput(ids, null);
    }

    @Override
    public Tensor tableGradient() {
        return null;
    }

    @Override
    public void close() {
        identity.close();
    }
}
