package dev.fusedrnn.model;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Random;

/**
 * How the next token is taken from a distribution P over the vocabulary.
 *
 * @param temperature 0 takes the likeliest token; else tokens are drawn from P^(1/temperature), normalised: below 1 sharper
 *     than P, above 1 flatter
 * @param topK only the K likeliest tokens are drawn from; 0 for all
 * @param seed of the draws
 */
public record Decoding(double temperature, int topK, long seed) implements Serializable {
    public Decoding {
        if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "temperature must be 0 or a positive finite number, found " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("topK must be 0 or more, found " + topK);
        }
    }

    /** Always the likeliest token. */
    public static Decoding greedy() {
        return new Decoding(0, 0, 0);
    }

    /** Draws from P. */
    public static Decoding sampling(long seed) {
        return new Decoding(1, 0, seed);
    }

    /** Draws from P^alpha, normalised: an exercise of the book "Dive into Deep Learning". */
    public static Decoding power(double alpha, long seed) {
        if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("alpha must be a positive finite number, found " + alpha);
        }
        return new Decoding(1 / alpha, 0, seed);
    }

    /** The same from the K likeliest tokens. */
    public Decoding withTopK(int topK) {
        return new Decoding(temperature, topK, seed);
    }

    /** A generator of the draws of one text. */
    Random random() {
        return new Random(seed);
    }

    /** The next token from the logits of all; {@code logits} is overwritten. */
    int choose(float[] logits, Random random) {
        int best = likeliest(logits);
        if (temperature == 0) {
            return best;
        }
        double floor = topK > 0 && topK < logits.length ? kthLargest(logits, topK) : Double.NEGATIVE_INFINITY;
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] >= floor) {
                weights[i] = Math.exp((logits[i] - logits[best]) / temperature);
                total += weights[i];
            }
        }
        double left = random.nextDouble() * total;
        for (int i = 0; i < weights.length; i++) {
            left -= weights[i];
            if (left < 0 && weights[i] > 0) {
                return i;
            }
        }
        return best;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    private static double kthLargest(float[] logits, int k) {
        float[] sorted = logits.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length - k];
    }
}
