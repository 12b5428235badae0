package dev.fusedrnn.nn;

import dev.fusedrnn.kernel.Attention;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;

/**
 * The parameters of additive attention and what they do: queries from the decoder's last layer, keys from the encoder's outputs, both
 * without bias, and the weight of each feature in a score.
 */
final class AttentionLayer {
    private static final String QUERY = "attention.query.weight";
    private static final String KEY = "attention.key.weight";
    private static final String SCORE = "attention.score.weight";

    private final Kernels kernels;
    private final Parameters parameters;
    private final Linear query;
    private final Linear key;

    AttentionLayer(Kernels kernels, Parameters parameters) {
        this.kernels = kernels;
        this.parameters = parameters;
        this.query = new Linear(kernels, parameters, QUERY, null);
        this.key = new Linear(kernels, parameters, KEY, null);
    }

    static void plan(Parameters.Builder plan, Seq2SeqConfig config) {
        plan.add(QUERY, config.attentionSize(), config.decoder().outputSize());
        plan.add(KEY, config.attentionSize(), config.contextSize());
        plan.add(SCORE, 1, config.attentionSize());
    }

    static void initialize(Parameters parameters, Seq2SeqConfig config, Initialization layers, Random random) {
        layers.linear(parameters, QUERY, config.decoder().outputSize(), random);
        layers.linear(parameters, KEY, config.contextSize(), random);
        layers.linear(parameters, SCORE, config.attentionSize(), random);
    }

    /** Queries [M, A] from the decoder's last h [M, F]. */
    void queries(Tensor h, Tensor queries) {
        query.forward(h, queries);
    }

    /** Keys [S·N, A] from the encoder's outputs [S·N, C]. */
    void keys(Tensor outputs, Tensor keys) {
        key.forward(outputs, keys);
    }

    /** The weight of each feature in a score, [1, A]. */
    Tensor scoreWeight() {
        return parameters.value(SCORE);
    }

    /** The step of a decoder over these tensors. */
    void attend(Attention step) {
        kernels.attention(step);
    }

    /** Adds {@code dQueries} times the layer to {@code dh}, both [N, …]. */
    void addQueryGradient(Tensor dQueries, Tensor dh) {
        long rows = dQueries.shape().extent(0);
        int features = query.outputs();
        int inputs = query.inputs();
        kernels.gemm(
                false,
                false,
                rows,
                inputs,
                features,
                1,
                dQueries,
                features,
                parameters.value(QUERY),
                inputs,
                1,
                dh,
                inputs,
                null);
    }

    /** The gradient of the query layer from queries of some steps. */
    void queryParameters(Tensor h, Tensor dQueries, boolean accumulate) {
        query.backwardParameters(h, dQueries, accumulate);
    }

    /** The gradient of the key layer, and that of the encoder's outputs. */
    void keysBackward(Tensor outputs, Tensor dKeys, Tensor dOutputs) {
        key.backwardParameters(outputs, dKeys, false);
        key.backwardInput(dKeys, dOutputs);
    }

    /** The gradient of the score weight from its parts [N, A] in F32. */
    void scoreParameters(Tensor parts) {
        Tensor gradient = parameters.gradient(SCORE);
        kernels.columnSum(parts, gradient.view(0, gradient.elements()), false);
    }
}
