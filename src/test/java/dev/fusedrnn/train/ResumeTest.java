package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.optim.DecayScope;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.RmsProp;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.optim.Sgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training interrupted, saved and resumed gives the bits of training that never stopped, on the engine users get. */
class ResumeTest {
    private static final int BATCHES = 5;

    @TempDir
    private Path folder;

    static Stream<Arguments> runs() {
        LanguageNetworkConfig plain = TinyLanguage.embedded(CellType.GRU, 4);
        LanguageNetworkConfig dropped = TinyLanguage.tiedWithDropout(DataType.F32);
        LanguageNetworkConfig bf16 = TinyLanguage.tiedWithDropout(DataType.BF16);
        LanguageNetworkConfig f16 = TinyLanguage.tiedWithDropout(DataType.F16);
        return Stream.of(
                // Before the first step, in the middle of an epoch, between epochs, in a later epoch.
                Arguments.of(plain, Sampling.SEQUENTIAL, Sgd.plain(), 0),
                Arguments.of(plain, Sampling.SEQUENTIAL, new Sgd(0.9, 1e-3), 2),
                Arguments.of(plain, Sampling.RANDOM, Adam.usual(), BATCHES),
                Arguments.of(dropped, Sampling.SEQUENTIAL, Adam.usual(), 7),
                Arguments.of(dropped, Sampling.SLIDING, RmsProp.usual(), 3),
                Arguments.of(TinyLanguage.regularized(DataType.F32), Sampling.SEQUENTIAL, Sgd.plain(), 7),
                Arguments.of(TinyLanguage.regularized(DataType.BF16), Sampling.RANDOM, Sgd.plain(), 2),
                Arguments.of(TinyLanguage.narrowing(DataType.F32), Sampling.VARYING, Sgd.plain(), 4),
                Arguments.of(TinyLanguage.narrowing(DataType.BF16), Sampling.VARYING, Adam.usual(), 3),
                Arguments.of(bf16, Sampling.SEQUENTIAL, Adam.usual(), 4),
                Arguments.of(f16, Sampling.SEQUENTIAL, Adam.usual(), 4));
    }

    @ParameterizedTest(name = "{1} {2} after {3}")
    @MethodSource("runs")
    void resumedTrainingEqualsUninterrupted(
            LanguageNetworkConfig config, Sampling sampling, OptimizerConfig optimizer, int steps) throws IOException {
        TrainerConfig recipe = recipe(optimizer);
        float[] expected;
        TrainingState expectedState;
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(sampling), recipe)) {
            trainer.run(TrainingListener.SILENT, 2L * steps);
            expected = network.parameters().masters().toFloats();
            expectedState = trainer.state();
        }
        Path file = folder.resolve("checkpoint.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(sampling), recipe)) {
            trainer.run(TrainingListener.SILENT, steps);
            Checkpoint.of(network, TinyLanguage.codec(), Map.of(), trainer.state())
                    .save(file);
        }
        Checkpoint saved = Checkpoint.read(file);
        try (Device device = Device.cpu();
                LanguageNetwork network = saved.network(device, EngineChoice.AUTO);
                Trainer trainer = new Trainer(network, data(sampling), recipe)) {
            trainer.restore(saved.training());
            assertThat(trainer.steps()).isEqualTo(steps);
            trainer.run(TrainingListener.SILENT, steps);
            assertThat(network.parameters().masters().toFloats()).containsExactly(expected);
            assertThat(trainer.state().h()).isEqualTo(expectedState.h());
            assertThat(trainer.state().penaltySum()).isEqualTo(expectedState.penaltySum());
        }
    }

    @Test
    void historyGoesOnAndTheRunEnds() throws IOException {
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.RNN_TANH, 3);
        Path file = folder.resolve("checkpoint.safetensors");
        TrainerConfig recipe = recipe(Sgd.plain());
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(Sampling.SEQUENTIAL), recipe)) {
            assertThat(trainer.run(TrainingListener.SILENT, BATCHES + 1)).isFalse();
            Checkpoint.of(network, null, Map.of("note", "x"), trainer.state()).save(file);
        }
        Checkpoint saved = Checkpoint.read(file);
        assertThat(saved.settings()).containsEntry("note", "x");
        assertThat(saved.codec()).isNull();
        try (Device device = Device.cpu();
                LanguageNetwork network = saved.network(device, EngineChoice.AUTO);
                Trainer trainer = new Trainer(network, data(Sampling.SEQUENTIAL), recipe)) {
            trainer.restore(saved.training());
            assertThat(trainer.run(TrainingListener.SILENT)).isTrue();
            assertThat(trainer.history()).hasSize(recipe.epochs());
            assertThat(trainer.history().get(0))
                    .isEqualTo(saved.training().history().get(0));
            assertThat(trainer.history()).allSatisfy(report -> {
                assertThat(report.tokens()).isEqualTo(BATCHES * 12L);
                assertThat(report.validationPerplexity()).isGreaterThan(1);
                assertThat(report.penalty()).isPositive();
            });
        }
    }

    @Test
    void theLossScaleOfF16TrainingIsKept() throws IOException {
        RnnConfig rnn = RnnConfig.of(CellType.GRU, 4, 4).withDataType(DataType.F16);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(TinyLanguage.V, 4, rnn);
        Path file = folder.resolve("checkpoint.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(Sampling.SEQUENTIAL), recipe(Sgd.plain()));
                Trainer other = new Trainer(network, data(Sampling.SEQUENTIAL), recipe(Sgd.plain()))) {
            float start = trainer.state().lossScale();
            Path before = folder.resolve("before.safetensors");
            Checkpoint.of(network, null, Map.of(), trainer.state()).save(before);
            // Head weights this large overflow the gradients of every step, not the state.
            double[] huge = new double[TinyLanguage.V * 4];
            Arrays.setAll(huge, i -> i % 2 == 0 ^ i < 8 ? 3000 : -3000);
            network.parameters().set("head.weight", huge);
            trainer.run(TrainingListener.SILENT, 3);
            Checkpoint.of(network, null, Map.of(), trainer.state()).save(file);
            assertThat(Checkpoint.read(file).training().lossScale()).isEqualTo(start / 8);
            other.restore(Checkpoint.read(file).training());
            assertThat(other.state().lossScale()).isEqualTo(start / 8);
            other.restore(Checkpoint.read(before).training());
            assertThat(other.state().lossScale()).isEqualTo(start);
        }
    }

    @Test
    void stopEndsARunAfterTheCurrentStep() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.RNN_TANH, 3), device, 7);
                Trainer trainer = new Trainer(
                        network, data(Sampling.SEQUENTIAL), recipe(Sgd.plain()).withReportEvery(1))) {
            TrainingListener stopper = new TrainingListener() {
                @Override
                public void progress(Progress progress) {
                    if (progress.minibatch() == 2) {
                        trainer.stop();
                    }
                }
            };
            assertThat(trainer.run(stopper)).isFalse();
            assertThat(trainer.steps()).isEqualTo(2);
            trainer.stop();
            assertThat(trainer.run(TrainingListener.SILENT)).isFalse();
            assertThat(trainer.steps()).isEqualTo(2);
            assertThat(trainer.run(TrainingListener.SILENT)).isTrue();
            assertThat(trainer.steps()).isEqualTo(3L * BATCHES);
        }
    }

    @Test
    void aStateOfOtherDataOrAnotherOptimizerIsRefused() {
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.LSTM, 3);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer sequential = new Trainer(network, data(Sampling.SEQUENTIAL), recipe(Sgd.plain()));
                Trainer random = new Trainer(network, data(Sampling.RANDOM), recipe(Sgd.plain()));
                Trainer adam = new Trainer(network, data(Sampling.SEQUENTIAL), recipe(Adam.usual()))) {
            TrainingState state = sequential.state();
            assertThatThrownBy(() -> random.restore(state))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("training data");
            assertThatThrownBy(() -> adam.restore(state))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("optimizer");
        }
    }

    /** Nothing comes after the last minibatch of an epoch: training would stay there for ever. */
    @ParameterizedTest
    @ValueSource(longs = {-1, BATCHES, Long.MAX_VALUE})
    void aPlaceOutsideTheEpochIsRefused(long minibatch) {
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.GRU, 3);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(Sampling.SEQUENTIAL), recipe(Sgd.plain()))) {
            TrainingState state = at(minibatch, trainer.state());
            assertThatThrownBy(() -> trainer.restore(state))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("minibatch of epoch 0 must be in [0, 4], found " + minibatch);
        }
    }

    private static TrainingState at(long minibatch, TrainingState state) {
        return new TrainingState(
                state.step(),
                state.epoch(),
                minibatch,
                state.lossSum(),
                state.penaltySum(),
                state.lossTokens(),
                state.seconds(),
                state.lossScale(),
                state.lossScaleSteps(),
                state.fingerprint(),
                state.optimizer(),
                state.moment1(),
                state.moment2(),
                state.iterate(),
                state.averagedSteps(),
                state.h(),
                state.c(),
                state.history());
    }

    private static TrainerConfig recipe(OptimizerConfig optimizer) {
        return new TrainerConfig(
                optimizer,
                DecayScope.MATRICES,
                0.05,
                new Schedule.StepDecay(1, 0.5),
                1,
                Reduction.MEAN,
                new ActivityPenalty(2, 1),
                3,
                21,
                2);
    }

    private static TrainingData data(Sampling sampling) {
        // Enough for 5 minibatches of 4 steps and 3 rows whatever the random offset; sliding: 15 windows.
        if (sampling == Sampling.VARYING) {
            return sampling.split(TinyLanguage.text(200, 4), 3, 12, 0.1, 8);
        }
        int length = sampling == Sampling.SLIDING ? 23 : 67;
        double validation = sampling == Sampling.SLIDING ? 4.0 / 19 : 0;
        TrainingData data = sampling.split(TinyLanguage.text(length, 4), 3, 4, validation, 8);
        return new TrainingData(data.training(), new WholeText(TinyLanguage.text(20, 5), 2, 4));
    }
}
