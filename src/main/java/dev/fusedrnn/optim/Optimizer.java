package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.OptimizerUpdate;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Clips the global norm of all gradients and takes one optimizer step, in a few device calls and without waiting: {@code g ←
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
    private final Tensor hyper;
    private final WeightAverage average;
    private final List<OptimizerUpdate> updates = new ArrayList<>();

    /**
     * An optimizer of all parameters of an arena.
     *
     * @param maxNorm limit of the gradients' norm; 0 for none
     * @param hyper F32 [2] on the device: learning rate and step count from 1, set by the caller before each step
     */
    public Optimizer(OptimizerConfig config, Kernels kernels, Parameters parameters, double maxNorm, Tensor hyper) {
        this(config, DecayScope.ALL, kernels, parameters, maxNorm, hyper, null);
    }

    /**
     * The same with weight decay for a part of the parameters.
     *
     * @param average of the parameters over steps, which the caller closes; null for none
     */
    public Optimizer(
            OptimizerConfig config,
            DecayScope decayScope,
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
        this.hyper = hyper;
        this.average = average;
        addUpdates(decayScope);
    }

    /** One update for each run of parameters that decay alike, padding behind them included. */
    private void addUpdates(DecayScope scope) {
        List<Parameters.Entry> entries = List.copyOf(parameters.entries());
        long start = 0;
        for (int i = 0; i < entries.size(); i++) {
            boolean decays = scope.includes(entries.get(i).shape().rank());
            boolean last = i + 1 == entries.size();
            if (last || scope.includes(entries.get(i + 1).shape().rank()) != decays) {
                long end = last ? parameters.elements() : entries.get(i + 1).offset();
                updates.add(update(decays ? config : config.withWeightDecay(0), start, end - start));
                start = end;
            }
        }
    }

    private OptimizerUpdate update(OptimizerConfig part, long from, long count) {
        return new OptimizerUpdate(
                part.rule(),
                parameters.values().view(from, count),
                parameters.masters().view(from, count),
                parameters.gradients().view(from, count),
                config.usesMoment1() ? parameters.moment(0).view(from, count) : null,
                config.usesMoment2() ? parameters.moment(1).view(from, count) : null,
                scale,
                hyper,
                average == null ? null : average.tensor().view(from, count),
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
        kernels.clipScale(parameters.gradients(), maxNorm, lossUnscale, squaredNorm, scale);
        updates.forEach(kernels::update);
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
