package dev.fusedrnn.train;

import java.util.List;

/**
 * Everything besides the parameters that the next step depends on. Arrays are the holder's; none is copied.
 *
 * @param step optimizer steps done
 * @param epoch epochs done
 * @param minibatch minibatches of the current epoch done
 * @param lossSum of the current epoch, in nats
 * @param penaltySum of the current epoch, in nats
 * @param lossTokens of the current epoch
 * @param seconds training time of the current epoch
 * @param lossScale factor of F16 training
 * @param lossScaleSteps finite steps since it last changed
 * @param fingerprint {@link TrainingData#fingerprint()} of the data
 * @param optimizer {@link dev.fusedrnn.optim.OptimizerConfig#id()}
 * @param moment1 the optimizer's first flat array, or null if it has none
 * @param moment2 the optimizer's second flat array, or null if it has none
 * @param iterate where an averaging optimizer's next step starts, flat, while the parameters hold the average; else null
 * @param averagedSteps terms of that average, 0 for none
 * @param h carried state, or null if it is not carried
 * @param c carried cell state, or null
 * @param history reports of the epochs done
 */
public record TrainingState(
        long step,
        int epoch,
        long minibatch,
        double lossSum,
        double penaltySum,
        long lossTokens,
        double seconds,
        float lossScale,
        int lossScaleSteps,
        String fingerprint,
        String optimizer,
        float[] moment1,
        float[] moment2,
        float[] iterate,
        long averagedSteps,
        float[] h,
        float[] c,
        List<EpochReport> history) {

    public TrainingState {
        history = List.copyOf(history);
    }
}
