package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;

/**
 * The tensors of additive attention (Bahdanau, Cho and Bengio 2015) in one step of a decoder: {@code score[s, n] = Σ weight · tanh(query[n]
 * + keys[s, n])}, shares are its softmax over the valid source steps s of sample n, and {@code context[n] = Σ shares[s, n] · values[s, n]}.
 *
 * @param query [N, A]; read
 * @param keys [S, N, A]; read
 * @param weight [A] or [1, A]; read
 * @param values [S, N, F]; read within the lengths
 * @param lengths I32 [N], valid steps within [1, S]; read
 * @param shares F32 [S, N]; written, 0 behind the lengths
 * @param context [N, F]; written
 */
public record Attention(
        Tensor query, Tensor keys, Tensor weight, Tensor values, Tensor lengths, Tensor shares, Tensor context) {
    /**
     * Gradients of one step.
     *
     * @param dContext [N, F]; read
     * @param dScores F32 [S, N]; scratch
     * @param dQuery [N, A]; written
     * @param dKeys F32 [S, N, A]; added to
     * @param dWeight F32 [N, A]; added to: the weight's gradient is its sum over N
     * @param dValues F32 [S, N, F]; added to
     */
    public record Gradients(
            Tensor dContext, Tensor dScores, Tensor dQuery, Tensor dKeys, Tensor dWeight, Tensor dValues) {
        Gradients checked(Attention step) {
            DataType type = step.query.dataType();
            long sources = step.steps() * step.batch();
            require("dContext", dContext, type, step.batch() * step.valueFeatures());
            require("dScores", dScores, DataType.F32, sources);
            require("dQuery", dQuery, type, step.query.elements());
            require("dKeys", dKeys, DataType.F32, step.keys.elements());
            require("dWeight", dWeight, DataType.F32, step.query.elements());
            require("dValues", dValues, DataType.F32, step.values.elements());
            return this;
        }

        List<Tensor> all() {
            return List.of(dContext, dScores, dQuery, dKeys, dWeight, dValues);
        }
    }

    /** S. */
    long steps() {
        return keys.shape().extent(0);
    }

    /** N. */
    long batch() {
        return keys.shape().extent(1);
    }

    /** A. */
    long features() {
        return keys.shape().extent(2);
    }

    /** F. */
    long valueFeatures() {
        return values.shape().extent(2);
    }

    List<Tensor> all() {
        return List.of(query, keys, weight, values, lengths, shares, context);
    }

    Attention checked() {
        if (keys.shape().rank() != 3 || values.shape().rank() != 3) {
            throw new IllegalArgumentException(
                    "keys and values must have three axes, found " + keys + " and " + values);
        }
        DataType type = query.dataType();
        require("query", query, type, batch() * features());
        require("keys", keys, type, steps() * batch() * features());
        require("weight", weight, type, features());
        require("values", values, type, steps() * batch() * valueFeatures());
        require("lengths", lengths, DataType.I32, batch());
        require("shares", shares, DataType.F32, steps() * batch());
        require("context", context, type, batch() * valueFeatures());
        return this;
    }

    private static void require(String name, Tensor tensor, DataType type, long elements) {
        if (tensor.dataType() != type || tensor.elements() != elements) {
            throw new IllegalArgumentException(
                    name + " must be " + type + " with " + elements + " elements, found " + tensor);
        }
    }
}
