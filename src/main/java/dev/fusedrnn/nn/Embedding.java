package dev.fusedrnn.nn;

import dev.fusedrnn.engine.TokenInput;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Tensor;

/** A learned row of features for each token: table [V, E]. Its gradient is summed in a fixed order. */
public final class Embedding implements InputLayer {
    private final Kernels kernels;
    private final Parameters parameters;
    private final String name;
    private final int vocabularySize;
    private final int features;

    /**
     * An embedding whose table is a parameter.
     *
     * @param name of the parameter [V, E], {@code embedding.weight} in a language model
     */
    public Embedding(Kernels kernels, Parameters parameters, String name) {
        this.kernels = kernels;
        this.parameters = parameters;
        this.name = name;
        this.vocabularySize = Math.toIntExact(parameters.entry(name).shape().extent(0));
        this.features = Math.toIntExact(parameters.entry(name).shape().extent(1));
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public int features() {
        return features;
    }

    @Override
    public boolean hasParameters() {
        return true;
    }

    @Override
    public void forward(Tensor ids, Tensor out) {
        kernels.gather(ids, parameters.value(name), out);
    }

    @Override
    public void backward(Tensor ids, Tensor dOut, boolean accumulate) {
        kernels.scatterAdd(ids, dOut, parameters.gradient(name), accumulate);
    }

    @Override
    public TokenInput tokens(Tensor ids) {
        return new TokenInput(ids, parameters.value(name));
    }

    @Override
    public Tensor tableGradient() {
        return parameters.gradient(name);
    }

    @Override
    public void close() {
        // The table belongs to the parameters.
    }
}
