package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;

/**
 * How far an engine may be from the exact result. Three parts, and all must hold:
 *
 * <ol>
 *   <li>{@code |found − exact| ≤ 2·max|rounded − exact| + s·(2·ε(D) + 4·⌈log₂(K·T)⌉·ε(F32))}, with {@code s = max(1,
 *       max|exact|)}, K the longest sum, and {@code rounded} the reference that stores in D and adds in float: an engine may
 *       be about twice as far off as plain loops in its own precision (the rule of flash-attention), and the
 *       accumulator's share grows with the logarithm of the length (oneDNN's).
 *   <li>a ceiling that a bad {@code rounded} cannot widen: 5e-5·s for F32, for gradients of parameters 5e-5·max(s,
 *       √(T·N)); for other types in proportion to ε, 12.8·ε(D) for halves.
 *   <li>NaN and infinities have the same class, element by element, as in {@code rounded}; at least one element was
 *       compared.
 * </ol>
 */
public final class Tolerance {
    private static final double F32_CEILING = 5e-5;
    private static final double HALF_CEILING_IN_EPSILONS = 12.8;
    /** TF32 keeps ten bits of a product's operands. */
    private static final double TF32_EPSILON = 0x1p-10;

    private final CaseData data;
    private final double storage;
    private final double accumulator;
    private final double ceiling;

    /**
     * The rule for a case.
     *
     * @param onGpu whether the engine runs where a configuration with {@code tf32} really uses TF32
     */
    public Tolerance(CaseData data, boolean onGpu) {
        RnnConfig config = data.config();
        DataType type = config.dataType();
        boolean tf32 = onGpu && config.tf32() && type == DataType.F32;
        this.data = data;
        this.storage = tf32 ? TF32_EPSILON : type.epsilon();
        this.accumulator = tf32 ? TF32_EPSILON : type == DataType.F64 ? type.epsilon() : DataType.F32.epsilon();
        this.ceiling = tf32
                ? 100 * F32_CEILING
                : type.isHalf()
                        ? HALF_CEILING_IN_EPSILONS * type.epsilon()
                        : F32_CEILING * type.epsilon() / DataType.F32.epsilon();
    }

    /**
     * Compares one tensor.
     *
     * @param exact the reference in double
     * @param rounded the reference that rounds like the case's data type
     */
    public TensorError compare(String tensor, double[] found, double[] exact, double[] rounded) {
        return compare(tensor, found, exact, rounded, false);
    }

    /**
     * Compares one tensor.
     *
     * @param narrow whether {@code exact} was stored in F32, and so is itself off by up to half a unit in the last place
     */
    TensorError compare(String tensor, double[] found, double[] exact, double[] rounded, boolean narrow) {
        if (found.length != exact.length || rounded.length != exact.length) {
            throw new IllegalArgumentException(tensor + " must have " + exact.length + " elements, found "
                    + found.length + " and " + rounded.length);
        }
        double bound = bound(tensor, exact, rounded) + (narrow ? largestHalfUlp(exact) : 0);
        int worst = -1;
        double error = 0;
        for (int i = 0; i < exact.length; i++) {
            double distance = distance(found[i], exact[i], rounded[i]);
            if (worst < 0 || distance > error) {
                worst = i;
                error = distance;
            }
        }
        if (worst < 0) {
            return new TensorError(tensor, 0, Double.POSITIVE_INFINITY, bound, "nothing", Double.NaN, Double.NaN);
        }
        String where = ElementName.of(data, tensor, worst);
        return new TensorError(tensor, exact.length, error, bound, where, found[worst], exact[worst]);
    }

    private double bound(String tensor, double[] exact, double[] rounded) {
        double scale = 1;
        double honest = 0;
        for (int i = 0; i < exact.length; i++) {
            if (Double.isFinite(exact[i]) && Double.isFinite(rounded[i])) {
                scale = Math.max(scale, Math.abs(exact[i]));
                honest = Math.max(honest, Math.abs(rounded[i] - exact[i]));
            }
        }
        double growth = Math.ceil(Math.log((double) longestSum() * data.steps()) / Math.log(2));
        double own = 2 * honest + scale * (2 * storage + 4 * growth * accumulator);
        boolean parameter = tensor.startsWith("d_");
        double most = ceiling * (parameter ? Math.max(scale, Math.sqrt((double) data.steps() * data.batch())) : scale);
        return Math.min(own, most);
    }

    private static double largestHalfUlp(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.ulp((float) value) / 2);
        }
        return largest;
    }

    private long longestSum() {
        RnnConfig config = data.config();
        long gates = (long) config.cell().gates() * config.hiddenSize();
        long input = Math.max(config.inputSize(), config.layers() > 1 ? config.totalOutputSize() : 1);
        return Math.max(Math.max(gates, input), data.batch());
    }

    /** Infinite if one is NaN or infinite and the other is not of the same class. */
    private static double distance(double found, double exact, double rounded) {
        if (!Double.isFinite(rounded)) {
            boolean sameClass = Double.isNaN(rounded) ? Double.isNaN(found) : found == rounded;
            return sameClass ? 0 : Double.POSITIVE_INFINITY;
        }
        double distance = Math.abs(found - exact);
        return Double.isFinite(distance) ? distance : Double.POSITIVE_INFINITY;
    }
}
