package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;

/**
 * The loss of a {@link LinearChain} behind a network's passes. It is computed on the host: a pass waits for the head's outputs,
 * and their gradients go back to the device.
 */
final class ChainLoss {
    private final SequenceNetwork network;
    private final Kernels kernels;

    ChainLoss(SequenceNetwork network) {
        this.network = network;
        this.kernels = network.kernels();
    }

    private LinearChain chain() {
        Parameters parameters = network.parameters();
        return new LinearChain(
                network.config().outputs(),
                parameters.value(SequenceNetwork.CRF_TRANSITIONS).toDoubles(),
                parameters.value(SequenceNetwork.CRF_START).toDoubles(),
                parameters.value(SequenceNetwork.CRF_END).toDoubles());
    }

    void evaluate(NetworkPass pass, List<int[]> tags, Tensor lossSum) {
        LinearChain chain = chain();
        List<double[]> emissions = pass.outputsBySequence();
        double sum = 0;
        for (int n = 0; n < tags.size(); n++) {
            sum += chain.loss(emissions.get(n), tags.get(n));
        }
        add(sum, lossSum);
    }

    void differentiate(NetworkPass pass, List<int[]> tags, Tensor gradientScale, Tensor lossSum) {
        LinearChain chain = chain();
        int classes = chain.tags();
        List<double[]> emissions = pass.outputsBySequence();
        LinearChain.Gradients gradients = new LinearChain.Gradients(classes);
        int batch = tags.size();
        double scale = gradientScale.toFloats()[0];
        double[] all = new double[Math.toIntExact(pass.features().shape().extent(0) * classes)];
        double sum = 0;
        for (int n = 0; n < batch; n++) {
            double[] de = new double[emissions.get(n).length];
            sum += chain.differentiate(emissions.get(n), tags.get(n), de, gradients);
            for (int t = 0; t < tags.get(n).length; t++) {
                for (int k = 0; k < classes; k++) {
                    all[(t * batch + n) * classes + k] = scale * de[t * classes + k];
                }
            }
        }
        add(sum, lossSum);
        set(SequenceNetwork.CRF_TRANSITIONS, gradients.transitions, scale);
        set(SequenceNetwork.CRF_START, gradients.start, scale);
        set(SequenceNetwork.CRF_END, gradients.end, scale);
        backward(pass, all);
    }

    private void backward(NetworkPass pass, double[] gradient) {
        Tensor features = pass.features();
        long rows = features.shape().extent(0);
        try (Tensor outputs = kernels.device()
                .allocate(features.dataType(), rows, network.config().outputs())) {
            outputs.copyFrom(gradient);
            Tensor dFeatures = pass.likeFeatures();
            network.head().backwardInput(outputs, dFeatures);
            network.head().backwardParameters(features, outputs, false);
            pass.backward(dFeatures);
        }
    }

    List<int[]> best(List<double[]> emissions) {
        LinearChain chain = chain();
        return emissions.stream().map(chain::best).toList();
    }

    private void set(String name, double[] gradient, double scale) {
        double[] scaled = new double[gradient.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = scale * gradient[i];
        }
        network.parameters().gradient(name).copyFrom(scaled);
    }

    private void add(double loss, Tensor lossSum) {
        try (Tensor sum = kernels.device().of(DataType.F32, new float[] {(float) loss}, 1)) {
            kernels.addScaled(lossSum, 1, sum);
        }
    }
}
