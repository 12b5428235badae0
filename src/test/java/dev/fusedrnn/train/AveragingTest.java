package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** NT-ASGD: when averaging starts, what the average is, who sees it, and that it is resumed to the bit. */
class AveragingTest {
    /** Enough for 5 minibatches of 4 steps and 3 rows whatever the random offset. */
    private static final int BATCHES = 5;

    @TempDir
    private Path folder;

    /** The criterion in the words of its authors' program: worse than the best of all but the last n before it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5})
    void theTriggerIsNotMonotone(int patience) {
        Random random = new Random(patience);
        for (int run = 0; run < 200; run++) {
            List<Double> before = new ArrayList<>();
            for (int k = 0; k < 12; k++) {
                double latest = random.nextInt(6);
                boolean expected = before.size() > patience
                        && latest
                                > before.subList(0, before.size() - patience).stream()
                                        .mapToDouble(Double::doubleValue)
                                        .min()
                                        .orElseThrow();
                before.add(latest);
                assertThat(new NtAsgd(patience, 0).triggers(before)).isEqualTo(expected);
            }
        }
        assertThat(new NtAsgd(0, 0).triggers(List.of())).isFalse();
        assertThatThrownBy(() -> new NtAsgd(-1, 0)).hasMessageContaining("patience");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16"})
    void theNetworkHoldsTheMeanOfTheIterates(DataType type) {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config(type), device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(), recipe(12))) {
            double[] sum = null;
            int terms = 0;
            double best = Double.POSITIVE_INFINITY;
            while (trainer.averagedSteps() < 8) {
                assertThat(trainer.run(TrainingListener.SILENT, 1))
                        .as("training ended without averaging")
                        .isFalse();
                float[] masters = network.parameters().masters().toFloats();
                TrainingState state = trainer.state();
                if (trainer.averagedSteps() == 0) {
                    assertThat(state.iterate()).isNull();
                    best = Math.min(best, lastValidation(trainer));
                    continue;
                }
                if (sum == null) {
                    assertThat(lastValidation(trainer)).isGreaterThan(best);
                    sum = new double[masters.length];
                }
                terms++;
                assertThat(state.averagedSteps()).isEqualTo(terms);
                for (int i = 0; i < masters.length; i++) {
                    sum[i] += state.iterate()[i];
                    assertThat((double) masters[i]).isCloseTo(sum[i] / terms, within(1e-6));
                }
            }
            assertThat(network.parameters().values().toFloats()).isEqualTo(rounded(network, type));
        }
    }

    private static double lastValidation(Trainer trainer) {
        List<EpochReport> history = trainer.history();
        return history.isEmpty()
                ? Double.POSITIVE_INFINITY
                : history.get(history.size() - 1).validationPerplexity();
    }

    private static float[] rounded(LanguageNetwork network, DataType type) {
        float[] masters = network.parameters().masters().toFloats();
        try (var tensor = network.device().of(type, masters, masters.length)) {
            return tensor.toFloats();
        }
    }

    /** What is evaluated behind an epoch, what a listener can save then and what a run leaves is the average. */
    @Test
    void theAverageIsEvaluatedAndSaved() throws IOException {
        Path file = folder.resolve("epoch.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config(DataType.F32), device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, data(), recipe(12))) {
            float[][] seen = new float[1][];
            trainer.run(new TrainingListener() {
                @Override
                public void epoch(EpochReport report) {
                    seen[0] = network.parameters().masters().toFloats();
                    if (report.epoch() == 12) {
                        save(network, trainer, file);
                    }
                }
            });
            assertThat(trainer.averagedSteps()).isGreaterThan(BATCHES);
            assertThat(network.parameters().masters().toFloats()).containsExactly(seen[0]);
            assertThat(trainer.state().iterate()).isNotEqualTo(seen[0]);
            try (Evaluator evaluator = new Evaluator(network, data().validation())) {
                assertThat(trainer.history().get(11).validationPerplexity())
                        .isEqualTo(evaluator.run().value());
            }
            try (LanguageNetwork loaded = Checkpoint.read(file).network(device, EngineChoice.AUTO)) {
                assertThat(loaded.parameters().masters().toFloats()).containsExactly(seen[0]);
            }
        }
    }

    private static void save(LanguageNetwork network, Trainer trainer, Path file) {
        try {
            Checkpoint.of(network, TinyLanguage.codec(), Map.of(), trainer.state())
                    .save(file);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Before, at and after the start of averaging, in the middle of an epoch and between epochs. */
    @ParameterizedTest
    @ValueSource(ints = {3, 20, 35, 43})
    void resumedAveragingEqualsUninterrupted(int steps) throws IOException {
        int more = 18;
        for (DataType type : new DataType[] {DataType.F32, DataType.BF16}) {
            float[] expected;
            TrainingState state;
            Path file = folder.resolve(type + ".safetensors");
            try (Device device = Device.cpu();
                    LanguageNetwork network = TinyLanguage.network(config(type), device, EngineChoice.AUTO, 7);
                    Trainer trainer = new Trainer(network, data(), recipe(20))) {
                trainer.run(TrainingListener.SILENT, steps);
                save(network, trainer, file);
                trainer.run(TrainingListener.SILENT, more);
                expected = network.parameters().masters().toFloats();
                state = trainer.state();
            }
            Checkpoint saved = Checkpoint.read(file);
            try (Device device = Device.cpu();
                    LanguageNetwork network = saved.network(device, EngineChoice.AUTO);
                    Trainer trainer = new Trainer(network, data(), recipe(20))) {
                trainer.restore(saved.training());
                trainer.run(TrainingListener.SILENT, more);
                assertThat(network.parameters().masters().toFloats()).containsExactly(expected);
                assertThat(trainer.averagedSteps()).isEqualTo(state.averagedSteps());
                assertThat(trainer.state().iterate()).isEqualTo(state.iterate());
            }
            assertThat(steps + more < 40 || state.averagedSteps() > 0).isTrue();
        }
    }

    @Test
    void withoutValidationNothingSaysWhenToStart() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config(DataType.F32), device, EngineChoice.AUTO, 7)) {
            TrainingData data = new TrainingData(data().training(), null);
            assertThatThrownBy(() -> new Trainer(network, data, recipe(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("nt-asgd needs validation data");
        }
    }

    private static LanguageNetworkConfig config(DataType type) {
        RnnConfig rnn = RnnConfig.of(CellType.GRU, 4, 4).withDataType(type);
        return LanguageNetworkConfig.of(TinyLanguage.V, 4, rnn);
    }

    private static TrainerConfig recipe(int epochs) {
        return TrainerConfig.sgd(0.5, 1, epochs).withOptimizer(new NtAsgd(1, 1e-3));
    }

    /** Random text: training soon makes validation worse. */
    private static TrainingData data() {
        TrainingData data = Sampling.SEQUENTIAL.split(TinyLanguage.text(67, 4), 3, 4, 0, 8);
        return new TrainingData(data.training(), new WholeText(TinyLanguage.text(20, 5), 2, 4));
    }
}
