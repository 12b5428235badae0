package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.host.FloatMath;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;

/** Additive attention in CPU memory, one sample at a time. */
final class CpuAttention {
    private final FloatBlocks blocks;
    private final float[] chunk = new float[FloatBlocks.SIZE];
    private float[] query = new float[0];
    private float[] weight = new float[0];
    private float[] row = new float[0];
    private float[] sum = new float[0];
    private float[] other = new float[0];
    private float[] scores = new float[0];
    private float[] shares = new float[0];
    private int[] lengths = new int[0];

    CpuAttention(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void forward(Attention step) {
        begin(step);
        int sources = (int) step.steps();
        for (int n = 0; n < step.batch(); n++) {
            int length = length(step, n);
            load(step.query(), n * step.features(), query, features(step));
            for (int s = 0; s < length; s++) {
                scores[s] = score(step, at(step, s, n));
            }
            softmax(length);
            Arrays.fill(sum, 0, valueFeatures(step), 0);
            for (int s = 0; s < sources; s++) {
                chunk[0] = s < length ? scores[s] : 0;
                blocks.store(step.shares(), at(step, s, n), chunk, 1);
                if (s < length) {
                    load(step.values(), at(step, s, n) * step.valueFeatures(), row, valueFeatures(step));
                    for (int f = 0; f < valueFeatures(step); f++) {
                        sum[f] += scores[s] * row[f];
                    }
                }
            }
            store(step.context(), n * step.valueFeatures(), sum, valueFeatures(step));
        }
    }

    void backward(Attention step, Attention.Gradients gradients) {
        begin(step);
        for (int n = 0; n < step.batch(); n++) {
            int length = length(step, n);
            scoreGradients(step, gradients, n, length);
            load(step.query(), n * step.features(), query, features(step));
            load(gradients.dWeight(), n * step.features(), other, features(step));
            Arrays.fill(sum, 0, features(step), 0);
            for (int s = 0; s < length; s++) {
                keyGradients(step, gradients, at(step, s, n), scores[s]);
            }
            store(gradients.dQuery(), n * step.features(), sum, features(step));
            store(gradients.dWeight(), n * step.features(), other, features(step));
        }
    }

    /** Leaves the gradients of a sample's scores in {@link #scores}, and adds those of its values. */
    private void scoreGradients(Attention step, Attention.Gradients gradients, int n, int length) {
        int features = valueFeatures(step);
        load(gradients.dContext(), (long) n * features, other, features);
        double mean = 0;
        for (int s = 0; s < length; s++) {
            long at = at(step, s, n);
            load(step.values(), at * features, row, features);
            blocks.load(step.shares(), at, chunk, 1);
            shares[s] = chunk[0];
            double product = 0;
            for (int f = 0; f < features; f++) {
                product += other[f] * row[f];
            }
            scores[s] = (float) product;
            mean += (double) shares[s] * scores[s];
            load(gradients.dValues(), at * features, row, features);
            for (int f = 0; f < features; f++) {
                row[f] += shares[s] * other[f];
            }
            store(gradients.dValues(), at * features, row, features);
        }
        for (int s = 0; s < length; s++) {
            scores[s] = (float) (shares[s] * (scores[s] - mean));
        }
    }

    /** Adds the part of one source step to the gradients of its key, the query ({@link #sum}) and the weight ({@link #other}). */
    private void keyGradients(Attention step, Attention.Gradients gradients, long at, float dScore) {
        int features = features(step);
        activations(step, at);
        for (int a = 0; a < features; a++) {
            other[a] += dScore * row[a];
            row[a] = dScore * weight[a] * (1 - row[a] * row[a]);
            sum[a] += row[a];
        }
        for (int from = 0; from < features; from += FloatBlocks.SIZE) {
            int count = Math.min(FloatBlocks.SIZE, features - from);
            blocks.load(gradients.dKeys(), at * features + from, chunk, count);
            for (int a = 0; a < count; a++) {
                chunk[a] += row[from + a];
            }
            blocks.store(gradients.dKeys(), at * features + from, chunk, count);
        }
    }

    private float score(Attention step, long at) {
        activations(step, at);
        double score = 0;
        for (int a = 0; a < features(step); a++) {
            score += weight[a] * row[a];
        }
        return (float) score;
    }

    /** tanh(query + key) into {@link #row}. */
    private void activations(Attention step, long at) {
        load(step.keys(), at * step.features(), row, features(step));
        for (int a = 0; a < features(step); a++) {
            row[a] += query[a];
        }
        FloatMath.tanh(row, row, 0, features(step));
    }

    private void softmax(int length) {
        float most = Float.NEGATIVE_INFINITY;
        for (int s = 0; s < length; s++) {
            most = Math.max(most, scores[s]);
        }
        double total = 0;
        for (int s = 0; s < length; s++) {
            scores[s] = FloatMath.exp(scores[s] - most);
            total += scores[s];
        }
        for (int s = 0; s < length; s++) {
            scores[s] = (float) (scores[s] / total);
        }
    }

    private void begin(Attention step) {
        int widest = Math.max(features(step), valueFeatures(step));
        query = room(query, features(step));
        weight = room(weight, features(step));
        row = room(row, widest);
        sum = room(sum, widest);
        other = room(other, widest);
        scores = room(scores, Math.toIntExact(step.steps()));
        shares = room(shares, Math.toIntExact(step.steps()));
        int batch = Math.toIntExact(step.batch());
        lengths = lengths.length < batch ? new int[batch] : lengths;
        blocks.cursor().get(step.lengths().address(), lengths, 0, batch);
        load(step.weight(), 0, weight, features(step));
    }

    private int length(Attention step, int n) {
        return (int) Math.max(0, Math.min(lengths[n], step.steps()));
    }

    private static long at(Attention step, int s, int n) {
        return s * step.batch() + n;
    }

    private static int features(Attention step) {
        return Math.toIntExact(step.features());
    }

    private static int valueFeatures(Attention step) {
        return Math.toIntExact(step.valueFeatures());
    }

    private static float[] room(float[] array, int size) {
        return array.length < size ? new float[size] : array;
    }

    private void load(Tensor tensor, long at, float[] values, int count) {
        for (int from = 0; from < count; from += FloatBlocks.SIZE) {
            int part = Math.min(FloatBlocks.SIZE, count - from);
            blocks.load(tensor, at + from, chunk, part);
            System.arraycopy(chunk, 0, values, from, part);
        }
    }

    private void store(Tensor tensor, long at, float[] values, int count) {
        for (int from = 0; from < count; from += FloatBlocks.SIZE) {
            int part = Math.min(FloatBlocks.SIZE, count - from);
            System.arraycopy(values, from, chunk, 0, part);
            blocks.store(tensor, at + from, chunk, part);
        }
    }
}
