package dev.fusedrnn.train;

/**
 * What one epoch of supervised training gave.
 *
 * @param epoch from 1 on
 * @param trainLoss mean over the epoch's targets, each before the parameters had seen it in this epoch
 * @param validationLoss mean over the validation examples' targets after the epoch; NaN without validation examples
 * @param targets learnt from
 * @param examples learnt from
 * @param seconds of training, without validation
 * @param learningRate of the last step
 */
public record SupervisedReport(
        int epoch,
        double trainLoss,
        double validationLoss,
        long targets,
        long examples,
        double seconds,
        double learningRate) {

    /** Examples per second of training. */
    public double examplesPerSecond() {
        return examples / seconds;
    }
}
