package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.TokenSequence;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingStepTest {
    private static final int T = 4;
    private static final int N = 3;
    private static final int[] INPUTS =
            new Random(1).ints(T * N, 0, TinyLanguage.V).toArray();
    private static final int[] TARGETS =
            new Random(2).ints(T * N, 0, TinyLanguage.V).toArray();

    /** Gradients of the sum over time are T times those of the mean. */
    @Test
    void reductions() {
        double mean = movedBy(Reduction.MEAN, T * N);
        assertThat(movedBy(Reduction.SUM_OVER_TIME, T * N) / mean).isCloseTo(T, within(1e-3));
        assertThat(Reduction.MEAN.factor(8, 5)).isEqualTo(1.0 / 8);
        assertThat(Reduction.SUM_OVER_TIME.factor(8, 5)).isEqualTo(1.0 / 5);
        assertThat(Reduction.parse("sum-over-time")).isEqualTo(Reduction.SUM_OVER_TIME);
        assertThatThrownBy(() -> Reduction.parse("max")).hasMessageContaining("sum-over-time");
    }

    @Test
    void everythingIsAllocatedBeforeTheFirstStep() {
        try (Device device = Device.cpu();
                LanguageNetwork network =
                        LanguageNetwork.create(TinyLanguage.embedded(CellType.LSTM, 8), device, EngineChoice.AUTO)) {
            network.initialize(Initialization.FRAMEWORK, 1);
            try (TrainingStep step = new TrainingStep(
                    network, T, N, true, TrainerConfig.sgd(1, 1, 1).withOptimizer(Adam.usual()))) {
                long before = device.allocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    step.run(INPUTS, TARGETS, T * N, i > 0, 0.01, i);
                }
                assertThat(device.allocatedBytes()).isEqualTo(before);
                assertThat(device.peakBytes()).isEqualTo(before);
                assertThat(step.takeLoss()).isLessThan(1000 * T * N * Math.log(TinyLanguage.V));
                assertThat(step.gradientNorm()).isPositive();
            }
        }
    }

    /** All that is on the device is in the account, but for the optimizer's two scalars. */
    @ParameterizedTest
    @CsvSource({"F32", "BF16"})
    void memoryIsAccountedFor(DataType type) {
        try (Device device = Device.cpu();
                LanguageNetwork network =
                        LanguageNetwork.create(TinyLanguage.tiedWithDropout(type), device, EngineChoice.REFERENCE);
                TrainingStep step = new TrainingStep(
                        network, T, N, true, TrainerConfig.sgd(0.1, 1, 1).withOptimizer(Adam.usual()))) {
            TrainingMemory memory = step.memory();
            long elements = network.parameters().elements();
            assertThat(memory.parameters()).isEqualTo(type.isHalf() ? 6 * elements : 4 * elements);
            assertThat(memory.gradients()).isEqualTo(4 * elements);
            assertThat(memory.moments()).isEqualTo(8 * elements);
            assertThat(memory.total() - memory.workspace()).isEqualTo(device.allocatedBytes() - 2 * Float.BYTES);
            assertThat(memory.byUse().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(memory.total());
            assertThat(memory.toString()).startsWith("memory 0.").contains("reserve 0.0, workspace 0.");
        }
    }

    /** Shorter lengths add workspaces alone, unless their engine keeps more than the longest. */
    @Test
    void lengthsShareMemory() {
        try (Device device = Device.cpu();
                LanguageNetwork network =
                        LanguageNetwork.create(TinyLanguage.narrowing(DataType.F32), device, EngineChoice.REFERENCE);
                TrainingStep one = new TrainingStep(network, 9, N, true, TrainerConfig.sgd(0.1, 1, 1))) {
            long before = device.allocatedBytes();
            try (TrainingStep several =
                    new TrainingStep(network, new int[] {3, 9, 6}, N, true, TrainerConfig.sgd(0.1, 1, 1))) {
                TrainingMemory memory = several.memory();
                assertThat(memory.total() - memory.workspace())
                        .isEqualTo(one.memory().total() - one.memory().workspace());
                long shared = memory.parameters() + memory.gradients();
                assertThat(device.allocatedBytes() - before)
                        .isEqualTo(memory.total() - shared - memory.workspace() + 2 * Float.BYTES);
            }
            assertThat(device.allocatedBytes()).isEqualTo(before);
        }
    }

    @Test
    void theStateGoesOnOnlyWhereMinibatchesContinue() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.LSTM, 4), device, 7);
                TrainingStep step = new TrainingStep(network, T, N, true, TrainerConfig.sgd(1, 0, 1))) {
            double[] losses = new double[3];
            for (int i = 0; i < losses.length; i++) {
                // A rate that rounds away leaves the parameters as they are.
                step.run(INPUTS, TARGETS, T * N, i == 1, 1e-30, i);
                losses[i] = step.takeLoss();
            }
            assertThat(losses[1]).isNotEqualTo(losses[0]);
            assertThat(losses[2]).isEqualTo(losses[0]);
        }
    }

    @Test
    void sameSeedSameBitsOnTheFastEngine() {
        assertThat(parametersAfter(20)).containsExactly(parametersAfter(20));
    }

    @Test
    void configurationsCheckThemselves() {
        TrainerConfig right = TrainerConfig.sgd(1, 1, 1);
        assertThatThrownBy(() -> TrainerConfig.sgd(Double.NaN, 1, 1)).hasMessageContaining("learningRate");
        assertThatThrownBy(() -> TrainerConfig.sgd(0, 1, 1)).hasMessageContaining("learningRate");
        assertThatThrownBy(() -> TrainerConfig.sgd(1e300, 1, 1)).hasMessageContaining("learningRate");
        assertThatThrownBy(() -> TrainerConfig.sgd(1, 1e-60, 1)).hasMessageContaining("clip must be 0 or a positive");
        assertThatThrownBy(() -> TrainerConfig.sgd(1, Double.NaN, 1)).hasMessageContaining("clip");
        assertThatThrownBy(() -> TrainerConfig.sgd(1, -1, 1)).hasMessageContaining("clip");
        assertThatThrownBy(() -> TrainerConfig.sgd(1, 1, 0)).hasMessageContaining("epochs");
        assertThatThrownBy(() -> right.withReportEvery(0)).hasMessageContaining("reportEvery");
        assertThat(right.withSchedule(new Schedule.WarmUp(3)).schedule().id()).isEqualTo("warmup:3");
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 6, 8);
        assertThatThrownBy(() -> LanguageNetworkConfig.of(7, 0, rnn)).hasMessageContaining("vocabularySize 7");
        assertThatThrownBy(() -> LanguageNetworkConfig.of(7, 5, rnn)).hasMessageContaining("embeddingSize 5");
        assertThatThrownBy(() -> LanguageNetworkConfig.of(0, 6, rnn)).hasMessageContaining("vocabularySize");
        assertThatThrownBy(() -> LanguageNetworkConfig.of(9, -1, rnn)).hasMessageContaining("embeddingSize");
        LanguageNetworkConfig network = LanguageNetworkConfig.of(9, 6, rnn);
        assertThatThrownBy(() -> network.withTied(true)).hasMessageContaining("tied");
        assertThatThrownBy(() -> network.withLastHiddenSize(4)).hasMessageContaining("needs 2 layers or more");
        LanguageNetworkConfig deep = LanguageNetworkConfig.of(9, 6, rnn.withLayers(3));
        assertThat(deep.withLastHiddenSize(8)).isEqualTo(deep);
        assertThat(deep.withLastHiddenSize(6).withTied(true).outputSize()).isEqualTo(6);
        assertThatThrownBy(() -> deep.withLastHiddenSize(-1)).hasMessageContaining("lastHiddenSize");
        assertThatThrownBy(
                        () -> LanguageNetworkConfig.of(9, 6, rnn.withLayers(2).withProjSize(3))
                                .withLastHiddenSize(5))
                .hasMessageContaining("without projection");
        assertThatThrownBy(() -> network.withDropout(1.5, 0)).hasMessageContaining("inputDropout");
        assertThatThrownBy(() -> network.withDropout(0, Double.NaN)).hasMessageContaining("outputDropout");
    }

    @Test
    void shapesAndSplitsOutOfRange() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 7);
                TokenSequence tokens = TinyLanguage.text(100, 1)) {
            int[][] shapes = {{0, 3}, {3, 0}, {1 << 15, 1 << 15}};
            for (int[] shape : shapes) {
                assertThatThrownBy(() -> new SequencePass(network, shape[0], shape[1], true, true))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("steps and batch");
            }
            for (Sampling sampling : Sampling.values()) {
                for (double fraction : new double[] {-0.1, 1, Double.NaN}) {
                    assertThatThrownBy(() -> sampling.split(tokens, 3, 4, fraction, 1))
                            .hasMessageContaining("validation must be in [0, 1)");
                }
                assertThat(Sampling.parse(sampling.id())).isEqualTo(sampling);
            }
            assertThatThrownBy(() -> Sampling.SEQUENTIAL.split(tokens, 3, 4, 0.01, 1))
                    .hasMessageContaining("validation must keep at least 2 tokens");
            assertThatThrownBy(() -> Sampling.parse("shuffled")).hasMessageContaining("sequential");
        }
    }

    /** The last part of a text validates, all of it; the first part trains. */
    @Test
    void splits() {
        try (TokenSequence tokens = TinyLanguage.text(100, 1)) {
            TrainingData data = Sampling.RANDOM.split(tokens, 3, 4, 0.2, 1);
            int[] inputs = new int[12];
            int[] targets = new int[12];
            long validated = 0;
            for (long i = 0; i < data.validation().epoch(0).size(); i++) {
                validated += data.validation().epoch(0).load(i, inputs, targets);
            }
            assertThat(validated).isEqualTo(19);
            data.validation().epoch(0).load(0, inputs, targets);
            assertThat(inputs[0]).isEqualTo(tokens.get(80));
            assertThat(Sampling.RANDOM.split(tokens, 3, 4, 0, 1).validation()).isNull();
            String fingerprint = data.fingerprint();
            assertThat(Sampling.RANDOM.split(tokens, 3, 4, 0.2, 1).fingerprint())
                    .isEqualTo(fingerprint);
            assertThat(Sampling.RANDOM.split(tokens, 3, 4, 0.2, 2).fingerprint())
                    .isNotEqualTo(fingerprint);
        }
    }

    private static double movedBy(Reduction reduction, long targets) {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 7);
                TrainingStep step = new TrainingStep(
                        network, T, N, false, TrainerConfig.sgd(1, 0, 1).withReduction(reduction))) {
            float[] before = network.parameters().values().toFloats();
            step.run(INPUTS, TARGETS, targets, false, 0.01, 0);
            float[] after = network.parameters().values().toFloats();
            double sum = 0;
            for (int i = 0; i < before.length; i++) {
                sum += Math.pow(after[i] - before[i], 2);
            }
            return Math.sqrt(sum);
        }
    }

    private static float[] parametersAfter(int steps) {
        try (Device device = Device.cpu();
                LanguageNetwork network =
                        LanguageNetwork.create(TinyLanguage.embedded(CellType.GRU, 32), device, EngineChoice.AUTO)) {
            network.initialize(Initialization.FRAMEWORK, 1);
            try (TrainingStep step = new TrainingStep(network, T, N, true, TrainerConfig.sgd(1, 1, 1))) {
                for (int i = 0; i < steps; i++) {
                    step.run(INPUTS, TARGETS, T * N, i > 0, 0.5, i);
                }
                return network.parameters().values().toFloats();
            }
        }
    }
}
