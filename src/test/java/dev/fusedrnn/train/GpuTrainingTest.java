package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import dev.fusedrnn.text.Minibatches;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training on the GPU: parameters after some steps against the CPU, without allocation, resumed to the same bits. */
@Tag("gpu")
class GpuTrainingTest {
    private static final int T = 6;
    private static final int N = 8;
    private static final int M = T * N;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"FUSED, F32", "FUSED, BF16", "FUSED, F16", "CUDNN, F32", "CUDNN, BF16", "CUDNN, F16"})
    void resumedTrainingEqualsUninterrupted(EngineChoice choice, DataType type) throws IOException {
        LanguageNetworkConfig config = TinyLanguage.everyPart(CellType.LSTM, type);
        Path file = folder.resolve("checkpoint.safetensors");
        float[] expected;
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7);
                Trainer trainer = trainer(network)) {
            trainer.run(TrainingListener.SILENT, 4);
            Checkpoint.of(network, null, Map.of(), trainer.state()).save(file);
            long before = gpu.allocatedBytes();
            trainer.run(TrainingListener.SILENT, 4);
            assertThat(gpu.allocatedBytes()).isEqualTo(before);
            expected = network.parameters().masters().toFloats();
        }
        Checkpoint saved = Checkpoint.read(file);
        try (Device gpu = Gpu.open();
                LanguageNetwork network = saved.network(gpu, choice);
                Trainer trainer = trainer(network)) {
            trainer.restore(saved.training());
            trainer.run(TrainingListener.SILENT, 4);
            assertThat(network.parameters().masters().toFloats()).containsExactly(expected);
        }
    }

    /** With three layers buffers are used again; with one, nothing between the head and the embedding waits for the side. */
    @ParameterizedTest
    @CsvSource({
        "FUSED, LSTM, BF16, 3, true, false, STORED",
        "FUSED, LSTM, BF16, 3, true, true, STORED",
        "FUSED, GRU, BF16, 3, false, false, STORED",
        "FUSED, GRU, BF16, 1, true, false, STORED",
        "FUSED, GRU, BF16, 1, true, true, STORED",
        "FUSED, RNN_TANH, F32, 1, false, false, STORED",
        "FUSED, RNN_TANH, F32, 1, false, true, STORED",
        "FUSED, LSTM, F32, 2, true, false, STORED",
        "FUSED, LSTM, BF16, 3, true, true, RECOMPUTED",
        "FUSED, GRU, F32, 3, false, false, RECOMPUTED",
        "CUDNN, LSTM, BF16, 2, false, false, STORED"
    })
    void whatRunsBesideTheRecurrenceChangesNoBit(
            EngineChoice choice,
            CellType cell,
            DataType type,
            int layers,
            boolean tied,
            boolean tokens,
            GateStorage gates) {
        RnnConfig stack =
                RnnConfig.of(cell, 32, 32).withDataType(type).withLayers(layers).withGateStorage(gates);
        LanguageNetworkConfig config =
                LanguageNetworkConfig.of(TinyLanguage.V, 32, stack).withTied(tied);
        float[] inOrder = trained(choice, config, tokens, true);
        assertThat(trained(choice, config, tokens, false)).containsExactly(inOrder);
    }

    /**
     * With gates computed anew: two layers, all that is dropped, weights and rows of the embedding too. Recorded steps train as on the CPU, without
     * allocating, and keep less between their passes.
     */
    @ParameterizedTest
    @CsvSource({"LSTM, F32", "GRU, F32", "LSTM, BF16", "GRU, BF16"})
    void gatesComputedAnewTrainAsOnTheCpu(CellType cell, DataType type) {
        LanguageNetworkConfig stored =
                TinyLanguage.everyPart(cell, type).withDropouts(new Dropouts(0.2, 0.25, 0.4, 0.3, true));
        LanguageNetworkConfig recomputed = stored.withGateStorage(GateStorage.RECOMPUTED);
        float[] expected;
        try (Device cpu = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(recomputed, cpu, EngineChoice.AUTO, 7);
                Trainer trainer = descending(network)) {
            trainer.run(TrainingListener.SILENT, 8);
            expected = network.parameters().masters().toFloats();
        }
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(recomputed, gpu, EngineChoice.FUSED, 7);
                LanguageNetwork keeping = TinyLanguage.network(stored, gpu, EngineChoice.FUSED, 7);
                Trainer trainer = descending(network);
                Trainer keeper = descending(keeping)) {
            assertThat(trainer.plan()).contains("gates recomputed");
            long gates = 2L * M * 32 * 4 * type.bytes();
            assertThat(trainer.memory().reserve()).isEqualTo(keeper.memory().reserve() - gates);
            trainer.run(TrainingListener.SILENT, 4);
            long before = gpu.allocatedBytes();
            trainer.run(TrainingListener.SILENT, 4);
            assertThat(gpu.allocatedBytes()).isEqualTo(before);
            float[] found = network.parameters().masters().toFloats();
            for (int i = 0; i < expected.length; i++) {
                double tolerance = type == DataType.F32 ? 1e-4 : 1e-2;
                assertThat((double) found[i]).as("parameter %d", i).isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    /** Parameters after steps that are queued, recorded and replayed. */
    private static float[] trained(EngineChoice choice, LanguageNetworkConfig config, boolean tokens, boolean serial) {
        try (Device gpu = tokens ? Gpu.openForTokens() : Gpu.open()) {
            if (serial) {
                SideStream.of(CudaContext.of(gpu)).serialize();
            }
            try (LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7);
                    Trainer trainer = trainer(network)) {
                trainer.run(TrainingListener.SILENT, 5);
                return network.parameters().masters().toFloats();
            }
        }
    }

    /** The trainer takes minibatches that were assembled ahead in memory the device reads by itself. */
    @ParameterizedTest
    @CsvSource({"FUSED", "CUDNN"})
    void assemblingAheadChangesNoBit(EngineChoice choice) {
        TrainingData data = Sampling.SEQUENTIAL.split(TinyLanguage.text(4000, 4), N, T, 0, 8);
        TrainerConfig training = TrainerConfig.sgd(0.01, 1, 3).withOptimizer(Adam.usual());
        LanguageNetworkConfig config = TinyLanguage.everyPart(CellType.LSTM, DataType.BF16);
        int steps = 40;
        float[] expected;
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7)) {
            try (TrainingStep step = new TrainingStep(network, T, N, true, training)) {
                Minibatches.Epoch epoch = data.training().epoch(0);
                int[] inputs = new int[M];
                int[] targets = new int[M];
                for (int i = 0; i < steps; i++) {
                    long count = epoch.load(i, inputs, targets);
                    step.run(inputs, targets, count, epoch.continuesState(i), 0.01, i);
                }
                expected = network.parameters().masters().toFloats();
            }
        }
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7);
                Trainer trainer = new Trainer(network, data, training)) {
            trainer.run(TrainingListener.SILENT, steps);
            assertThat(network.parameters().masters().toFloats()).containsExactly(expected);
        }
    }

    /** Averaging starts in the same epoch, and average and iterate are those of the CPU. */
    @ParameterizedTest
    @CsvSource({"FUSED", "CUDNN"})
    void averagesAsTheCpu(EngineChoice choice) {
        TrainerConfig training = TrainerConfig.sgd(0.5, 1, 8).withOptimizer(new NtAsgd(0, 1e-3));
        TrainingState[] states = new TrainingState[2];
        float[][] averages = new float[2][];
        for (int side = 0; side < 2; side++) {
            TrainingData data = Sampling.SEQUENTIAL.split(TinyLanguage.text(200, 4), 3, 4, 0.2, 8);
            try (Device device = side == 0 ? Device.cpu() : Gpu.open();
                    LanguageNetwork network = TinyLanguage.network(
                            TinyLanguage.embedded(CellType.GRU, 4), device, side == 0 ? EngineChoice.AUTO : choice, 7);
                    Trainer trainer = new Trainer(network, data, training)) {
                trainer.run(TrainingListener.SILENT);
                averages[side] = network.parameters().masters().toFloats();
                states[side] = trainer.state();
            }
        }
        assertThat(states[1].averagedSteps())
                .isEqualTo(states[0].averagedSteps())
                .isPositive();
        for (int i = 0; i < averages[0].length; i++) {
            assertThat((double) averages[1][i]).isCloseTo(averages[0][i], within(1e-3));
            assertThat((double) states[1].iterate()[i]).isCloseTo(states[0].iterate()[i], within(1e-3));
        }
    }

    /**
     * Everything at once, as AWD-LSTM has it: a narrower last layer, all that is dropped, the penalty, lengths that vary with
     * one recorded step each. As the CPU, without allocating, resumed to the same bits, which are also those of work that never
     * runs beside other work.
     */
    @ParameterizedTest
    @CsvSource({"FUSED, F32", "FUSED, BF16", "CUDNN, F32"})
    void varyingLengthsAndLayersTrainAsOnTheCpu(EngineChoice choice, DataType type) throws IOException {
        RnnConfig rnn = TinyLanguage.narrowing(type).rnn().withZoneout(0);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(TinyLanguage.V, 5, rnn)
                .withLastHiddenSize(5)
                .withTied(true)
                .withDropouts(new Dropouts(0.2, 0.25, 0.4, 0.3, true));
        int half = 8;
        int[] often = new int[30];
        for (int i = 0; i < 2 * half; i++) {
            long size = varying().epoch(0).size();
            often[varying().epoch(i / size).steps(i % size)]++;
        }
        assertThat(Arrays.stream(often).max().orElseThrow())
                .as("replays of one graph")
                .isGreaterThan(3);
        float[] expected;
        try (Device cpu = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, cpu, EngineChoice.AUTO, 7);
                Trainer trainer = varying(network)) {
            trainer.run(TrainingListener.SILENT, 2 * half);
            expected = network.parameters().masters().toFloats();
        }
        Path file = folder.resolve("varying.safetensors");
        float[] found;
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, choice, 7);
                Trainer trainer = varying(network)) {
            trainer.run(TrainingListener.SILENT, half);
            Checkpoint.of(network, null, Map.of(), trainer.state()).save(file);
            long before = gpu.allocatedBytes();
            trainer.run(TrainingListener.SILENT, half);
            assertThat(gpu.allocatedBytes()).isEqualTo(before);
            found = network.parameters().masters().toFloats();
        }
        double tolerance = type == DataType.F32 ? 1e-4 : 1e-2;
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) found[i]).as("parameter %d", i).isCloseTo(expected[i], within(tolerance));
        }
        Checkpoint saved = Checkpoint.read(file);
        try (Device gpu = Gpu.open()) {
            SideStream.of(CudaContext.of(gpu)).serialize();
            try (LanguageNetwork network = saved.network(gpu, choice);
                    Trainer trainer = varying(network)) {
                trainer.restore(saved.training());
                trainer.run(TrainingListener.SILENT, half);
                assertThat(network.parameters().masters().toFloats()).containsExactly(found);
            }
        }
    }

    private static Trainer varying(LanguageNetwork network) {
        TrainerConfig training = TrainerConfig.sgd(0.2, 1, 3).withPenalty(new ActivityPenalty(2, 1));
        return new Trainer(network, new TrainingData(varying(), null), training);
    }

    private static Minibatches varying() {
        return Minibatches.varying(TinyLanguage.text(400, 4), 4, 12, 8);
    }

    private static Trainer descending(LanguageNetwork network) {
        TrainingData data = Sampling.SEQUENTIAL.split(TinyLanguage.text(400, 4), N, T, 0, 8);
        return new Trainer(network, data, TrainerConfig.sgd(0.2, 1, 3));
    }

    private static Trainer trainer(LanguageNetwork network) {
        TrainingData data = Sampling.SEQUENTIAL.split(TinyLanguage.text(400, 4), N, T, 0, 8);
        return new Trainer(network, data, TrainerConfig.sgd(0.01, 1, 3).withOptimizer(Adam.usual()));
    }
}
