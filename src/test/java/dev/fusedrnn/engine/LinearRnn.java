package dev.fusedrnn.engine;

import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.tensor.DataType;
import java.util.Random;

/**
 * A recurrence {@code h_t = wIh·x_t + wHh·h_{t-1}} without bias, run as a ReLU cell whose sums are all positive, and its
 * gradients in closed form.
 */
final class LinearRnn {
    private LinearRnn() {}

    /** Positive data of one sample; {@code wHh} [H, H] row-major is given. */
    static CaseData data(int steps, int inputs, double[] wHh, long seed) {
        int hidden = (int) Math.sqrt(wHh.length);
        RnnConfig config =
                RnnConfig.of(CellType.RNN_RELU, inputs, hidden).withBias(false).withDataType(DataType.F64);
        double[] parameters = new double[CaseEdits.parameterCount(config)];
        Random random = new Random(seed);
        CaseEdits.setParameter(config, parameters, Role.W_IH, 0, 0, positive(random, hidden * inputs));
        CaseEdits.setParameter(config, parameters, Role.W_HH, 0, 0, wHh);
        return new CaseData(
                config,
                steps,
                1,
                null,
                parameters,
                positive(random, steps * inputs),
                positive(random, hidden),
                null,
                random.doubles(steps * hidden, -1, 1).toArray(),
                random.doubles(hidden, -1, 1).toArray(),
                null,
                new int[4]);
    }

    static double[] positive(Random random, int count) {
        return random.doubles(count, 0.1, 1).toArray();
    }

    /** {@code Wᵀ·v}. */
    static double[] transposedTimes(double[] w, double[] v) {
        double[] product = new double[v.length];
        for (int row = 0; row < v.length; row++) {
            for (int column = 0; column < v.length; column++) {
                product[column] += w[row * v.length + column] * v[row];
            }
        }
        return product;
    }

    /** {@code (Wᵀ)^power·v}. */
    static double[] transposedPowerTimes(double[] w, int power, double[] v) {
        double[] product = v;
        for (int i = 0; i < power; i++) {
            product = transposedTimes(w, product);
        }
        return product;
    }

    static double norm(double[] v) {
        double squares = 0;
        for (double each : v) {
            squares += each * each;
        }
        return Math.sqrt(squares);
    }
}
