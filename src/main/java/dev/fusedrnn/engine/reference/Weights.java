package dev.fusedrnn.engine.reference;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.RnnConfig;

/**
 * The parameters of one layer and direction, or their gradients, as views of the flat array.
 *
 * @param wIh [gates·H, input]
 * @param wHh [gates·H, P or H]
 * @param wHr [P, H], or null without projection
 * @param bIh [gates·H], or null without biases
 * @param bHh [gates·H], or null without biases
 */
record Weights(Matrix wIh, Matrix wHh, Matrix wHr, Matrix bIh, Matrix bHh) {
    static Weights of(RnnConfig config, double[] parameters, int layer, int direction, Rounding rounding) {
        ParameterLayout layout = ParameterLayout.of(config);
        return new Weights(
                matrix(layout, Role.W_IH, parameters, layer, direction, rounding),
                matrix(layout, Role.W_HH, parameters, layer, direction, rounding),
                config.projSize() > 0 ? matrix(layout, Role.W_HR, parameters, layer, direction, rounding) : null,
                config.bias() ? matrix(layout, Role.B_IH, parameters, layer, direction, rounding) : null,
                config.bias() ? matrix(layout, Role.B_HH, parameters, layer, direction, rounding) : null);
    }

    private static Matrix matrix(
            ParameterLayout layout, Role role, double[] parameters, int layer, int direction, Rounding rounding) {
        ParameterLayout.Entry entry = layout.entry(role, layer, direction);
        return new Matrix(parameters, Math.toIntExact(entry.offset()), entry.rows(), entry.columns(), rounding);
    }

    /** {@code wIh[row]·x + bIh[row]}. The product over all steps is one stored result of a fused kernel. */
    double input(int row, double[] x) {
        double product = wIh.rounding().stored(wIh.rowTimes(row, x, 0));
        return bIh == null ? product : wIh.rounding().summed(product + bIh.get(row, 0));
    }

    /** {@code wHh[row]·h + bHh[row]}. */
    double recurrent(int row, double[] h) {
        return wHh.rowTimes(row, h, bHh == null ? 0 : bHh.get(row, 0));
    }

    /** Adds the gradients of {@link #input}'s parameters; {@code this} holds gradients. */
    void addInputGradient(double[] dGates, double[] x) {
        wIh.addOuter(dGates, x);
        if (bIh != null) {
            bIh.addColumn(dGates);
        }
    }

    /** Adds the gradients of {@link #recurrent}'s parameters; {@code this} holds gradients. */
    void addRecurrentGradient(double[] dGates, double[] h) {
        wHh.addOuter(dGates, h);
        if (bHh != null) {
            bHh.addColumn(dGates);
        }
    }
}
