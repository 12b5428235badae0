package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RegressionTaskTest {
    private static final int C = 2;
    private static final int OUTPUTS = 2;

    static Stream<SequenceNetworkConfig> networks() {
        return Stream.of(
                SequenceNetworkConfig.of(0, RnnConfig.of(CellType.LSTM, C, 3), Pooling.FINAL, OUTPUTS),
                SequenceNetworkConfig.of(0, RnnConfig.of(CellType.GRU, C, 3), Pooling.MEAN, OUTPUTS)
                        .withDropout(0.2, 0.3));
    }

    private static List<SequenceWithValues> examples() {
        Random random = new Random(3);
        List<SequenceWithValues> examples = new ArrayList<>();
        for (int length : new int[] {2, 5, 1}) {
            float[] features = new float[length * C];
            for (int i = 0; i < features.length; i++) {
                features[i] = (float) random.nextGaussian();
            }
            float[] values = {(float) random.nextGaussian(), (float) random.nextGaussian()};
            examples.add(new SequenceWithValues(InputSequence.features(length, features), values));
        }
        return examples;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void gradientOfTheWholeNetworkIsItsDifference(SequenceNetworkConfig config) {
        try (Device device = Device.cpu();
                SequenceNetwork network = ClassificationTaskTest.network(config, device);
                RegressionTask task = new RegressionTask(network)) {
            ExampleBatch<SequenceWithValues> batch = TaskGradients.together(task, examples());
            assertThat(task.targets(batch)).isEqualTo(6);
            TaskGradients.areDifferences(task, batch, TaskGradients.STEP, 4e-4);
        }
    }

    @Test
    void lossIsTheSumOfSquaredErrors() {
        SequenceNetworkConfig config = networks().findFirst().orElseThrow();
        try (Device device = Device.cpu();
                SequenceNetwork network = ClassificationTaskTest.network(config, device);
                RegressionTask task = new RegressionTask(network)) {
            List<SequenceWithValues> examples = examples();
            double expected = 0;
            for (SequenceWithValues example : examples) {
                List<InputSequence> alone = List.of(example.input());
                float[] found = task.values(
                        Batching.of(1, 0).epoch(alone, InputSequence::length, 0).get(0));
                for (int i = 0; i < OUTPUTS; i++) {
                    expected += Math.pow(found[i] - example.values()[i], 2);
                }
            }
            assertThat(TaskGradients.loss(task, TaskGradients.together(task, examples)))
                    .isCloseTo(expected, within(1e-5));
            InputSequence one = InputSequence.features(1, 1, 2);
            assertThatThrownBy(() -> task.check(new SequenceWithValues(one, new float[1])))
                    .hasMessage("expected 2 values, found 1");
            assertThatThrownBy(() -> task.check(new SequenceWithValues(one, new float[] {1, Float.NaN})))
                    .hasMessage("value 1 must be finite, found NaN");
        }
    }
}
