package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import dev.fusedrnn.text.Minibatches;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recorded training steps with Adam beside the CPU's in F32: loss and norm of the gradients of each step, what each parameter has changed by. */
@Tag("gpu")
class AdamStepsGpuTest {
    private static final int T = 8;
    private static final int N = 12;
    private static final int STEPS = 6;
    private static final double RATE = 0.002;

    private record Trained(double[] losses, double[] norms, Map<String, float[]> changes) {}

    @ParameterizedTest
    @CsvSource({
        "CUDNN, LSTM, 3, F32",
        "CUDNN, LSTM, 3, BF16",
        "CUDNN, GRU, 2, F32",
        "CUDNN, GRU, 2, BF16",
        "FUSED, LSTM, 3, F32",
        "FUSED, LSTM, 3, BF16",
        "FUSED, GRU, 2, F32",
        "FUSED, GRU, 2, BF16"
    })
    void stepsAreThoseOfTheCpu(EngineChoice choice, CellType cell, int layers, DataType type) {
        Trained exact;
        try (Device cpu = Device.cpu()) {
            exact = train(config(cell, layers, DataType.F32), cpu, EngineChoice.AUTO);
        }
        Trained found;
        try (Device gpu = Gpu.open()) {
            found = train(config(cell, layers, type), gpu, choice);
        }
        boolean half = type.isHalf();
        assertNear("loss", found.losses, exact.losses, half ? 2e-3 : 1e-5);
        assertNear("norm of the gradients", found.norms, exact.norms, half ? 1.5e-2 : 1e-5);
        exact.changes.forEach((name, change) -> assertThat(distance(found.changes.get(name), change))
                .as("change of %s", name)
                .isLessThan(half ? ofOtherSigns(change.length) : 1e-3));
    }

    private static void assertNear(String what, double[] found, double[] exact, double relative) {
        for (int step = 0; step < STEPS; step++) {
            assertThat(found[step])
                    .as("%s in step %d", what, step)
                    .isCloseTo(exact[step], within(relative * exact[step]));
        }
    }

    /**
     * Adam's first steps are signs of gradients, and rounding decides the signs of the smallest: one element in 400, and one of fewer,
     * may go the other way all the time. What stands still, or goes where it likes, is 1 or more away.
     */
    private static double ofOtherSigns(int elements) {
        return 2 * Math.sqrt(Math.max(1, elements / 400) / (double) elements);
    }

    /** Of two arrays, relative to the second. */
    private static double distance(float[] found, float[] exact) {
        double squares = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            squares += Math.pow(found[i] - exact[i], 2);
            size += Math.pow(exact[i], 2);
        }
        return Math.sqrt(squares / size);
    }

    private static LanguageNetworkConfig config(CellType cell, int layers, DataType type) {
        RnnConfig rnn = RnnConfig.of(cell, 16, 32).withLayers(layers).withDataType(type);
        return LanguageNetworkConfig.of(TinyLanguage.V, 16, rnn);
    }

    private static Trained train(LanguageNetworkConfig config, Device device, EngineChoice choice) {
        Minibatches.Epoch epoch = Sampling.SEQUENTIAL
                .split(TinyLanguage.text(2000, 4), N, T, 0, 8)
                .training()
                .epoch(0);
        TrainerConfig training = TrainerConfig.sgd(RATE, 0, 1).withOptimizer(Adam.usual());
        double[] losses = new double[STEPS];
        double[] norms = new double[STEPS];
        try (LanguageNetwork network = TinyLanguage.network(config, device, choice, 7);
                TrainingStep step = new TrainingStep(network, T, N, true, training)) {
            float[] before = network.parameters().masters().toFloats();
            int[] inputs = new int[T * N];
            int[] targets = new int[T * N];
            for (int i = 0; i < STEPS; i++) {
                long count = epoch.load(i, inputs, targets);
                step.run(inputs, targets, count, epoch.continuesState(i), RATE, i);
                losses[i] = step.takeLoss() / count;
                norms[i] = step.gradientNorm();
            }
            return new Trained(losses, norms, changes(network.parameters(), before));
        }
    }

    private static Map<String, float[]> changes(Parameters parameters, float[] before) {
        float[] after = parameters.masters().toFloats();
        Map<String, float[]> changes = new LinkedHashMap<>();
        for (Parameters.Entry entry : parameters.entries()) {
            float[] change = new float[Math.toIntExact(entry.elements())];
            for (int i = 0; i < change.length; i++) {
                int at = Math.toIntExact(entry.offset()) + i;
                change[i] = after[at] - before[at];
            }
            changes.put(entry.name(), change);
        }
        return changes;
    }
}
