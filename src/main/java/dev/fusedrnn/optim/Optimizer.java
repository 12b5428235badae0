package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.OptimizerUpdate;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * Clips the global norm of all gradients and takes one optimizer step, in four device calls and without waiting: {@code g ←
 * min(1, maxNorm/‖g‖)·g} over the concatenation of all parameters, then the formula of the {@link OptimizerConfig}. If the
 * norm is not finite, the step changes nothing.
 *
 * <p>Learning rate and step count are read from device memory, so that a recorded step can be replayed with new ones.
 */
public final class Optimizer implements AutoCloseable {
    private final OptimizerConfig config;
    private final Kernels kernels;
    private final Parameters parameters;
    private final float maxNorm;
    private final Tensor squaredNorm;
    private final Tensor scale;
    private final OptimizerUpdate update;

    /**
     * An optimizer of all parameters of an arena.
     *
     * @param maxNorm limit of the gradients' norm; 0 for none
     * @param hyper F32 [2] on the device: learning rate and step count from 1, set by the caller before each step
     */
    public Optimizer(OptimizerConfig config, Kernels kernels, Parameters parameters, double maxNorm, Tensor hyper) {
        this(config, kernels, parameters, maxNorm, hyper, null);
    }

    /** The same with an average over steps, which the caller closes; null for none. */
    public Optimizer(
            OptimizerConfig config,
            Kernels kernels,
            Parameters parameters,
            double maxNorm,
            Tensor hyper,
            WeightAverage average) {
        Ranges.notNegative("maxNorm", maxNorm);
        this.config = config;
        this.kernels = kernels;
        this.parameters = parameters;
        this.maxNorm = (float) maxNorm;
        this.squaredNorm = kernels.device().zeros(DataType.F32, 1);
        this.scale = kernels.device().zeros(DataType.F32, 1);
        this.update = new OptimizerUpdate(
                config.rule(),
                parameters.values(),
                parameters.masters(),
                parameters.gradients(),
                config.usesMoment1() ? parameters.moment(0) : null,
                config.usesMoment2() ? parameters.moment(1) : null,
                scale,
                hyper,
                average == null ? null : average.tensor(),
                average == null ? null : average.share());
    }

    /** What it does. */
    public OptimizerConfig config() {
        return config;
    }

    /**
     * Queues one step.
     *
     * @param lossUnscale what the gradients are multiplied by before anything else: 1/(loss scale)
     */
    public void step(float lossUnscale) {
        kernels.squaredNorm(parameters.gradients(), squaredNorm);
        kernels.clipScale(squaredNorm, maxNorm, lossUnscale, scale);
        kernels.update(update);
        parameters.changed();
    }

    /** The squared norm of the gradients as they were before the last step's clipping, F32 [1] on the device. */
    public Tensor squaredNorm() {
        return squaredNorm;
    }

    /** The factor of the last step, F32 [1] on the device; NaN if it was left out. */
    public Tensor scale() {
        return scale;
    }

    @Override
    public void close() {
        squaredNorm.close();
        scale.close();
    }
}
