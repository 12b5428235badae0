package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryProblemsTest {
    private static SequenceNetwork network(SequenceNetworkConfig config, Device device) {
        return SequenceNetwork.create(config, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 2);
    }

    private static <E> void train(SupervisedTask<E> task, List<E> examples, double rate, int epochs) {
        TrainerConfig config = TrainerConfig.sgd(rate, 1, epochs).withOptimizer(Adam.usual());
        try (SupervisedTrainer<E> trainer =
                new SupervisedTrainer<>(task, examples, List.of(), Batching.of(20, 1), config)) {
            trainer.run(SupervisedListener.SILENT);
        }
    }

    @Test
    void numbersToAddAreMarked() {
        List<SequenceWithValues> examples = MemoryProblems.adding(3000, 12, 5);
        double error = 0;
        for (SequenceWithValues example : examples) {
            float[] features = example.input().features();
            int marks = 0;
            double sum = 0;
            for (int t = 0; t < 12; t++) {
                assertThat(features[2 * t]).isBetween(0f, 1f);
                marks += (int) features[2 * t + 1];
                sum += features[2 * t] * features[2 * t + 1];
            }
            assertThat(marks).isEqualTo(2);
            assertThat((double) example.values()[0]).isCloseTo(sum, within(1e-6));
            error += Math.pow(example.values()[0] - 1, 2) / examples.size();
        }
        assertThat(error).isCloseTo(MemoryProblems.ADDING_BASELINE, within(0.012));
        assertThatThrownBy(() -> MemoryProblems.adding(1, 1, 1)).hasMessage("steps must be 2 or more, found 1");
    }

    @Test
    void symbolsToCopyComeBackAtTheEnd() {
        TaggedSequence example = MemoryProblems.copy(2, 5, 3).get(1);
        int[] tokens = example.input().tokens()[0];
        assertThat(tokens).hasSize(25);
        assertThat(Arrays.stream(tokens).limit(10)).allMatch(token -> token >= 1 && token <= 8);
        assertThat(Arrays.copyOfRange(tokens, 10, 14)).containsOnly(0);
        assertThat(Arrays.copyOfRange(tokens, 14, 25)).containsOnly(9);
        assertThat(Arrays.copyOf(example.tags(), 15)).containsOnly(0);
        assertThat(Arrays.copyOfRange(example.tags(), 15, 25)).containsExactly(Arrays.copyOf(tokens, 10));
        assertThat(MemoryProblems.copyBaseline(1000)).isCloseTo(0.0204, within(5e-5));
        assertThatThrownBy(() -> MemoryProblems.copy(1, 0, 1)).hasMessage("steps must be 1 or more, found 0");
    }

    @Test
    void numbersNearEachOtherAreAdded() {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(0, RnnConfig.of(CellType.GRU, 2, 16), Pooling.FINAL, 1);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                RegressionTask task = new RegressionTask(network)) {
            train(task, MemoryProblems.adding(1000, 8, 1), 0.01, 8);
            double error =
                    TaskGradients.loss(task, TaskGradients.together(task, MemoryProblems.adding(200, 8, 2))) / 200;
            assertThat(error).isLessThan(MemoryProblems.ADDING_BASELINE / 4);
        }
    }

    /** The word before leaves two words, the one behind decides between them: one direction cannot know. */
    @Test
    void blanksNeedBothSides() {
        double oneWay = filledIn(false);
        double bothWays = filledIn(true);
        assertThat(oneWay).isBetween(0.3, 0.7);
        assertThat(bothWays).isGreaterThan(0.95);
    }

    private static double filledIn(boolean bothWays) {
        Random random = new Random(6);
        List<TaggedSequence> examples = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            int before = random.nextInt(2);
            int behind = random.nextInt(2);
            examples.add(Blanks.at(new int[] {before, 4 + 2 * before + behind, 2 + behind}, 1, 8));
        }
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 8, 8).withBidirectional(bothWays);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(SequenceNetworkConfig.of(9, rnn, Pooling.NONE, 8), device);
                TaggingTask task = new TaggingTask(network)) {
            train(task, examples.subList(0, 300), 0.03, 5);
            return Blanks.accuracy(task, examples.subList(300, 400));
        }
    }

    @Test
    void everyWindowHasOneBlank() {
        List<TaggedSequence> examples = Blanks.in(new int[] {0, 1, 2, 3, 0, 1, 2, 3, 0}, 4, 4, 1);
        assertThat(examples).hasSize(2);
        for (TaggedSequence example : examples) {
            int blanks = 0;
            for (int t = 0; t < 4; t++) {
                boolean blank = example.input().tokens()[0][t] == 4;
                blanks += blank ? 1 : 0;
                assertThat(blank ? example.tags()[t] : example.input().tokens()[0][t])
                        .isEqualTo(t);
                assertThat(example.tags()[t] >= 0).isEqualTo(blank);
            }
            assertThat(blanks).isEqualTo(1);
        }
        assertThatThrownBy(() -> Blanks.in(new int[5], 1, 4, 1)).hasMessage("window must be 2 or more, found 1");
    }
}
