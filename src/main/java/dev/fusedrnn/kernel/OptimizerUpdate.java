package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.Tensor;

/**
 * One optimizer step over flat arrays of equal length. Nothing is changed if {@code scale[0]} is NaN.
 *
 * @param rule which formula
 * @param values parameters in the compute type; written
 * @param masters F32 copy the step is computed on; may be the same tensor as {@code values} if that is F32; read and written
 * @param gradients read, any floating point type; multiplied by {@code scale[0]} first
 * @param moment1 F32: velocity of SGD with momentum, first moment of Adam; null where the rule has none
 * @param moment2 F32: mean square of RMSProp, second moment of Adam; null where the rule has none
 * @param scale F32 [1]: clip factor and loss unscaling
 * @param hyper F32 [2] on the device: learning rate, step count t starting at 1 (read by Adam's bias correction)
 * @param average F32 average of the masters over steps, {@code average += averageShare[0]·(masters − average)} behind the
 *     formula; null for none
 * @param averageShare F32 [1] on the device: 1/k for the k-th step that is averaged, 0 to leave the average alone; null
 *     without an average
 */
public record OptimizerUpdate(
        Rule rule,
        Tensor values,
        Tensor masters,
        Tensor gradients,
        Tensor moment1,
        Tensor moment2,
        Tensor scale,
        Tensor hyper,
        Tensor average,
        Tensor averageShare) {

    /** A step without averaging. */
    public OptimizerUpdate(
            Rule rule,
            Tensor values,
            Tensor masters,
            Tensor gradients,
            Tensor moment1,
            Tensor moment2,
            Tensor scale,
            Tensor hyper) {
        this(rule, values, masters, gradients, moment1, moment2, scale, hyper, null, null);
    }

    /** The formulas; g is the scaled gradient, w the master value, lr the learning rate. */
    public sealed interface Rule {}

    /** {@code g += weightDecay·w; v = momentum·v + g; w −= lr·v} (without v if momentum is 0), as PyTorch. */
    public record Sgd(float momentum, float weightDecay) implements Rule {}

    /** {@code s = alpha·s + (1−alpha)·g²; w −= lr·g/(√s + epsilon)} (Tieleman and Hinton 2012). */
    public record RmsProp(float alpha, float epsilon, float weightDecay) implements Rule {}

    /**
     * Adam (Kingma and Ba 2015); with {@code decoupled}, AdamW (Loshchilov and Hutter 2019): {@code w −= lr·weightDecay·w}
     * instead of adding the decay to g.
     */
    public record Adam(float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled) implements Rule {}
}
