package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import java.util.Arrays;

/** Parts and variations of case data, for identities and planted faults. */
public final class CaseEdits {
    private CaseEdits() {}

    /** A copy of one parameter, or of the gradient, of a flat array. */
    public static double[] parameter(RnnConfig config, double[] flat, Role role, int layer, int direction) {
        ParameterLayout.Entry entry = ParameterLayout.of(config).entry(role, layer, direction);
        return Arrays.copyOfRange(flat, (int) entry.offset(), (int) (entry.offset() + entry.elements()));
    }

    /** Sets one parameter of a flat array. */
    public static void setParameter(
            RnnConfig config, double[] flat, Role role, int layer, int direction, double[] values) {
        ParameterLayout.Entry entry = ParameterLayout.of(config).entry(role, layer, direction);
        if (values.length != entry.elements()) {
            throw new IllegalArgumentException(entry + " takes " + entry.elements() + ", found " + values.length);
        }
        System.arraycopy(values, 0, flat, (int) entry.offset(), values.length);
    }

    /** The parameters of {@code to}, one layer and direction, taken from another layer and direction of {@code from}. */
    public static void copyLayer(
            RnnConfig from, double[] source, int layer, int direction, RnnConfig to, double[] target, int at, int way) {
        for (Role role : Role.values()) {
            boolean absent = role == Role.W_HR && from.projSize() == 0
                    || (role == Role.B_IH || role == Role.B_HH) && !from.bias();
            if (!absent) {
                setParameter(to, target, role, at, way, parameter(from, source, role, layer, direction));
            }
        }
    }

    /** The only layer's parameters except wIh, taken to a configuration of another input size. */
    static void copyLayerExceptInput(RnnConfig from, double[] source, RnnConfig to, double[] target) {
        for (Role role : new Role[] {Role.W_HH, Role.B_IH, Role.B_HH}) {
            setParameter(to, target, role, 0, 0, parameter(from, source, role, 0, 0));
        }
    }

    /** Number of parameters. */
    public static int parameterCount(RnnConfig config) {
        return (int) ParameterLayout.of(config).elements();
    }

    /** Time steps [from, to) of an array [T, N, features]. */
    public static double[] times(CaseData data, double[] sequence, int features, int from, int to) {
        int row = data.batch() * features;
        return Arrays.copyOfRange(sequence, from * row, to * row);
    }

    /** Samples [from, to) of an array [rows, N, features]. */
    public static double[] samples(double[] values, int batch, int features, int from, int to) {
        if (values == null) {
            return null;
        }
        int rows = values.length / (batch * features);
        double[] part = new double[rows * (to - from) * features];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(
                    values,
                    (row * batch + from) * features,
                    part,
                    row * (to - from) * features,
                    (to - from) * features);
        }
        return part;
    }

    /** Columns [from, to) of an array [rows, features]. */
    public static double[] columns(double[] values, int features, int from, int to) {
        int rows = values.length / features;
        double[] part = new double[rows * (to - from)];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * features + from, part, row * (to - from), to - from);
        }
        return part;
    }

    /** The samples [from, to) of a case. */
    public static CaseData samples(CaseData data, int from, int to) {
        RnnConfig c = data.config();
        int n = data.batch();
        int h = c.outputSize();
        int y = c.totalOutputSize();
        int[] lengths = data.lengths() == null
                ? null
                : Arrays.copyOfRange(data.lengths().toArray(), from, to);
        return new CaseData(
                c,
                data.steps(),
                to - from,
                lengths == null ? null : SequenceLengths.of(data.steps(), lengths),
                data.parameters(),
                samples(data.x(), n, c.inputSize(), from, to),
                samples(data.hx(), n, h, from, to),
                samples(data.cx(), n, c.hiddenSize(), from, to),
                samples(data.dy(), n, y, from, to),
                samples(data.dhy(), n, h, from, to),
                samples(data.dcy(), n, c.hiddenSize(), from, to),
                data.random());
    }

    /** Every sample's valid steps of an array [T, N, features] in reverse order; padding stays. */
    public static double[] reversedInTime(CaseData data, double[] sequence, int features) {
        double[] reversed = sequence.clone();
        for (int n = 0; n < data.batch(); n++) {
            int length = data.lengths() == null ? data.steps() : data.lengths().get(n);
            for (int t = 0; t < length; t++) {
                int from = ((length - 1 - t) * data.batch() + n) * features;
                System.arraycopy(sequence, from, reversed, (t * data.batch() + n) * features, features);
            }
        }
        return reversed;
    }

    /** The gradients of all parameters as one flat array. */
    public static double[] flatGradient(RnnConfig config, PassResult result) {
        double[] flat = new double[parameterCount(config)];
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            double[] part = result.get("d_" + entry.name());
            System.arraycopy(part, 0, flat, (int) entry.offset(), part.length);
        }
        return flat;
    }

    /** The largest distance of two arrays; NaN if any is NaN. */
    public static double largestDifference(double[] a, double[] b) {
        if (a.length != b.length || a.length == 0) {
            throw new AssertionError("cannot compare " + a.length + " with " + b.length + " values");
        }
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }
}
