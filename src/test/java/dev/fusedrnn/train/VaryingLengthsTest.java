package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.text.Minibatches;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Steps over minibatches of different lengths, which share memory and the carried state. */
class VaryingLengthsTest {
    private static final int N = 3;
    private static final ActivityPenalty PENALTY = new ActivityPenalty(2, 1);

    /** Lengths in any order give the bits of separate passes whose state is handed on. */
    @Test
    void aShorterPassIsThatOfItsOwnLength() {
        for (EngineChoice choice : new EngineChoice[] {EngineChoice.REFERENCE, EngineChoice.AUTO}) {
            LanguageNetworkConfig config = TinyLanguage.regularized(DataType.F32);
            try (Device device = Device.cpu();
                    LanguageNetwork network = TinyLanguage.network(config, device, choice, 7);
                    SequencePass longest = new SequencePass(network, 7, N, true, true, PENALTY);
                    SequencePass middle = longest.shorter(4);
                    SequencePass shortest = longest.shorter(1);
                    Tensor scale = device.of(DataType.F32, new float[] {0.1f}, 1)) {
                SequencePass[] passes = {middle, longest, shortest, middle};
                int[] lengths = {4, 7, 1, 4};
                float[] state = new float[longest.states().get(0).h().toFloats().length];
                float[] cell = state.clone();
                for (int i = 0; i < passes.length; i++) {
                    passes[i].load(tokens(lengths[i], i), tokens(lengths[i], 10 + i), 99, i);
                    passes[i].differentiate(scale);
                    float[] gradients = network.parameters().gradients().toFloats();
                    double loss = longest.takeLoss();
                    double penalty = longest.takePenalty();
                    try (SequencePass own = new SequencePass(network, lengths[i], N, true, true, PENALTY)) {
                        own.states().get(0).h().copyFrom(state);
                        own.states().get(0).c().copyFrom(cell);
                        own.load(tokens(lengths[i], i), tokens(lengths[i], 10 + i), 99, i);
                        own.differentiate(scale);
                        assertThat(loss).isEqualTo(own.takeLoss());
                        assertThat(penalty).isEqualTo(own.takePenalty());
                        assertThat(gradients)
                                .containsExactly(
                                        network.parameters().gradients().toFloats());
                        state = own.states().get(0).h().toFloats();
                        cell = own.states().get(0).c().toFloats();
                    }
                    assertThat(longest.states().get(0).h().toFloats()).containsExactly(state);
                }
            }
        }
    }

    private static int[] tokens(int steps, long seed) {
        return new Random(seed).ints((long) steps * N, 0, TinyLanguage.V).toArray();
    }

    @Test
    void onlyALongerPassCanBeShared() {
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 7);
                SequencePass longest = new SequencePass(network, 5, N, true, true);
                SequencePass shorter = longest.shorter(3)) {
            long before = device.allocatedBytes();
            assertThatThrownBy(() -> longest.shorter(5)).hasMessageContaining("steps must be below the 5");
            assertThatThrownBy(() -> shorter.shorter(2)).hasMessageContaining("a pass of its own");
            assertThat(device.allocatedBytes()).isEqualTo(before);
        }
    }

    /** What the trainer does: a rate in proportion to the length, the state from length to length, nothing allocated. */
    @Test
    void theTrainerScalesRatesByLength() {
        Minibatches source = Minibatches.varying(TinyLanguage.text(700, 4), N, 20, 8);
        TrainerConfig training = TrainerConfig.sgd(0.5, 1, 1);
        LanguageNetworkConfig config = TinyLanguage.embedded(CellType.LSTM, 4);
        Minibatches.Epoch epoch = source.epoch(0);
        int[] lengths = new int[(int) epoch.size()];
        Arrays.setAll(lengths, epoch::steps);
        assertThat(Arrays.stream(lengths).distinct().count()).isGreaterThan(2);
        float[] expected;
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7)) {
            int room = source.steps() * N;
            int[] inputs = new int[room];
            int[] targets = new int[room];
            float[] h = null;
            float[] c = null;
            for (int i = 0; i < lengths.length; i++) {
                try (TrainingStep step = new TrainingStep(network, lengths[i], N, true, training)) {
                    if (i > 0) {
                        step.states().get(0).h().copyFrom(h);
                        step.states().get(0).c().copyFrom(c);
                    }
                    long count = epoch.load(i, inputs, targets);
                    step.run(inputs, targets, count, i > 0, 0.5 * (lengths[i] / 20.0), i);
                    h = step.states().get(0).h().toFloats();
                    c = step.states().get(0).c().toFloats();
                }
            }
            expected = network.parameters().values().toFloats();
        }
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, EngineChoice.AUTO, 7);
                Trainer trainer = new Trainer(network, new TrainingData(source, null), training)) {
            network.parameters().gradients();
            long before = device.allocatedBytes();
            trainer.run(TrainingListener.SILENT);
            assertThat(network.parameters().values().toFloats()).containsExactly(expected);
            assertThat(device.allocatedBytes()).isEqualTo(before);
            assertThat(trainer.history().get(0).tokens()).isEqualTo(699 / N * N);
        }
    }
}
