package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.optim.Optimizer;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.WeightAverage;
import dev.fusedrnn.tensor.Tensor;

/**
 * From gradients to new parameters: the loss scale of F16, global-norm clipping, the optimizer, and the average it may keep.
 * Nothing is allocated and nothing waits, but that F16's scale is looked at now and then.
 */
final class ParameterStep implements AutoCloseable {
    /** Learning rate, step count, gradient scale, share of the average: what changes from step to step. */
    static final int SCALARS = 4;

    private final Parameters parameters;
    private final Tensor gradientScale;
    private final LossScale lossScale;
    private final WeightAverage average;
    private final Optimizer optimizer;
    private final float[] host = new float[SCALARS];

    /**
     * Takes the tensors.
     *
     * @param scalars F32 [{@value #SCALARS}] on the device, which hold what {@link #next} returns while a step runs
     */
    ParameterStep(TrainerConfig config, Kernels kernels, Parameters parameters, Tensor scalars) {
        this.parameters = parameters;
        this.gradientScale = scalars.view(2, 1);
        this.lossScale = new LossScale(parameters.dataType());
        this.average = config.optimizer() instanceof NtAsgd
                ? new WeightAverage(kernels, parameters, scalars.view(3, 1))
                : null;
        try {
            this.optimizer = new Optimizer(
                    config.optimizer(),
                    config.decayScope(),
                    kernels,
                    parameters,
                    config.clip(),
                    scalars.view(0, 2),
                    average);
        } catch (RuntimeException | Error failed) {
            if (average != null) {
                average.close();
            }
            throw failed;
        }
    }

    /**
     * Begins a step.
     *
     * @param factor what the sum of losses is multiplied by before it is differentiated
     * @param learningRate of this step
     * @param step optimizer steps done before this one
     * @return the scalars that have to be on the device when it runs; the array is used again for the next step
     */
    float[] next(double factor, double learningRate, long step) {
        if (average != null) {
            average.hide();
        }
        host[0] = (float) learningRate;
        host[1] = step + 1;
        host[2] = (float) (factor * lossScale.scale());
        host[3] = average == null ? 0 : average.nextShare();
        return host;
    }

    /** What the sum of losses is multiplied by before it is differentiated, loss scale included: F32 [1] on the device. */
    Tensor gradientScale() {
        return gradientScale;
    }

    /** Queues the update by the gradients; the same calls as long as the loss scale is the same. */
    void queue() {
        optimizer.step(1 / lossScale.scale());
    }

    /** Ends a step whose calls have been queued. */
    void done() {
        // What is replayed changes them unseen.
        parameters.changed();
        if (average != null) {
            average.stepped();
        }
        if (lossScale.wantsCheck()) {
            lossScale.check(optimizer.scale().toFloats()[0]);
        }
    }

    /** The norm of all gradients in the last step before clipping. Waits for queued work. */
    double gradientNorm() {
        return Math.sqrt(optimizer.squaredNorm().toFloats()[0]) / lossScale.scale();
    }

    /** What it and the parameters hold on the device. */
    TrainingMemory memory() {
        long values = parameters.values().byteSize();
        boolean copied = parameters.masters() != parameters.values();
        OptimizerConfig config = optimizer.config();
        return new TrainingMemory(
                values + (copied ? parameters.masters().byteSize() : 0),
                parameters.gradients().byteSize(),
                (config.usesMoment1() ? parameters.moment(0).byteSize() : 0)
                        + (config.usesMoment2() ? parameters.moment(1).byteSize() : 0)
                        + (average == null ? 0 : average.bytes()),
                0,
                0,
                0,
                0);
    }

    /** The average of the parameters over steps; null if the optimizer keeps none. */
    WeightAverage average() {
        return average;
    }

    LossScale lossScale() {
        return lossScale;
    }

    @Override
    public void close() {
        optimizer.close();
        if (average != null) {
            average.close();
        }
    }
}
