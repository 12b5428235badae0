package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same losses and gradients on the GPU as on the CPU, where they are held against finite differences. */
@Tag("gpu")
class Seq2SeqPassGpuTest {
    private static final int T = 5;
    private static final int N = 7;
    private static final int[] LENGTHS = {5, 1, 3, 2, 5, 4, 1};

    @ParameterizedTest
    @ValueSource(strings = {"gru", "smaller", "deeper", "attention", "attention of lstm"})
    void lossesAndGradientsAreTheCpus(String name) {
        Seq2SeqConfig config = Seq2SeqPassTest.config(name);
        try (Device gpu = Gpu.open();
                Device cpu = Device.cpu()) {
            float[] expected = run(config, cpu, EngineChoice.CPU);
            float[] found = run(config, gpu, EngineChoice.FUSED);
            assertThat(found).hasSameSizeAs(expected);
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i])
                        .as("%s: element %d", name, i)
                        .isCloseTo(expected[i], within(1e-5f * Math.max(1, Math.abs(expected[i]))));
            }
        }
    }

    /** All gradients, and behind them the loss. */
    private static float[] run(Seq2SeqConfig config, Device device, EngineChoice choice) {
        Random random = new Random(9);
        int[] targets = random.ints(T * N, -1, config.targetVocabulary()).toArray();
        try (Seq2SeqNetwork network = Seq2SeqNetwork.create(config, device, choice);
                Seq2SeqPass pass = new Seq2SeqPass(network, T, N, true);
                Tensor scale = device.of(DataType.F32, new float[] {0.25f}, 1);
                Tensor lossSum = device.zeros(DataType.F32, 1)) {
            network.initialize(Initialization.uniform(0.6), Initialization.FRAMEWORK, 11);
            pass.load(
                    random.ints(T * N, 0, config.sourceVocabulary()).toArray(),
                    LENGTHS,
                    random.ints(T * N, 0, config.targetVocabulary()).toArray(),
                    targets,
                    1,
                    0);
            pass.differentiate(scale, lossSum);
            float[] gradients = network.parameters().gradients().toFloats();
            float[] all = Arrays.copyOf(gradients, gradients.length + 1);
            all[gradients.length] = lossSum.toFloats()[0];
            return all;
        }
    }
}
