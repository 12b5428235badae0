package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnOutput;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ClassificationTaskTest {
    private static final int V = 6;
    private static final int C = 3;
    private static final int CLASSES = 3;
    private static final RnnConfig BOTH_WAYS = RnnConfig.of(CellType.LSTM, C, 3).withBidirectional(true);

    static Stream<SequenceNetworkConfig> networks() {
        RnnConfig dropped = RnnConfig.of(CellType.RNN_TANH, C, 3)
                .withBidirectional(true)
                .withLayers(2)
                .withDropout(0.25);
        RnnConfig oneWay = RnnConfig.of(CellType.GRU, C, 4);
        return Stream.of(
                SequenceNetworkConfig.of(V, BOTH_WAYS, Pooling.FINAL, CLASSES),
                SequenceNetworkConfig.of(V, oneWay, Pooling.FINAL, CLASSES),
                SequenceNetworkConfig.of(V, BOTH_WAYS, Pooling.FIRST_LAST, CLASSES),
                SequenceNetworkConfig.of(0, oneWay, Pooling.FIRST_LAST, CLASSES),
                SequenceNetworkConfig.of(V, dropped, Pooling.MEAN, CLASSES)
                        .withDropouts(new Dropouts(0.2, 0.2, 0, 0.3, true)),
                SequenceNetworkConfig.of(0, BOTH_WAYS, Pooling.MEAN, CLASSES),
                SequenceNetworkConfig.of(V, oneWay, Pooling.MAX, CLASSES).withDropout(0.2, 0.3),
                SequenceNetworkConfig.of(0, BOTH_WAYS, Pooling.MAX, CLASSES));
    }

    static SequenceNetwork network(SequenceNetworkConfig config, Device device) {
        return SequenceNetwork.create(config, device, EngineChoice.REFERENCE, Initialization.uniform(0.6), 7);
    }

    /** Examples of 1 to 6 steps, the longest not first; tokens come in two channels. */
    static List<LabelledSequence> examples(boolean tokens) {
        Random random = new Random(3);
        List<LabelledSequence> examples = new ArrayList<>();
        for (int length : new int[] {2, 6, 1, 4}) {
            float[] features = new float[length * C];
            for (int i = 0; i < features.length; i++) {
                features[i] = (float) random.nextGaussian();
            }
            InputSequence input = tokens
                    ? InputSequence.channels(
                            random.ints(length, 0, V).toArray(),
                            random.ints(length, 0, V).toArray())
                    : InputSequence.features(length, features);
            examples.add(new LabelledSequence(input, random.nextInt(CLASSES)));
        }
        return examples;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void gradientOfTheWholeNetworkIsItsDifference(SequenceNetworkConfig config) {
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                ClassificationTask task = new ClassificationTask(network)) {
            // A smaller step where the largest of several features must not become another one on the way.
            boolean max = config.pooling() == Pooling.MAX;
            float step = max ? 0x1p-10f : TaskGradients.STEP;
            TaskGradients.areDifferences(
                    task, TaskGradients.together(task, examples(config.embeds())), step, max ? 2e-3 : 4e-4);
        }
    }

    /** The loss of a padded minibatch against stack outputs of each sequence alone, pooled in plain loops in double. */
    @ParameterizedTest
    @EnumSource(
            value = Pooling.class,
            names = {"FINAL", "FIRST_LAST", "MEAN", "MAX"})
    void lossIsThatOfPlainLoops(Pooling pooling) {
        try (Device device = Device.cpu();
                SequenceNetwork network = network(SequenceNetworkConfig.of(0, BOTH_WAYS, pooling, CLASSES), device);
                ClassificationTask task = new ClassificationTask(network)) {
            List<LabelledSequence> examples = examples(false);
            double expected = 0;
            for (LabelledSequence example : examples) {
                expected += plainLoss(network, example);
            }
            assertThat(TaskGradients.loss(task, TaskGradients.together(task, examples)))
                    .isCloseTo(expected, within(1e-5));
        }
    }

    private static double plainLoss(SequenceNetwork network, LabelledSequence example) {
        int length = example.input().length();
        double[][] y = new double[length][];
        try (Tensor x = network.device().of(DataType.F32, example.input().features(), length, 1, C);
                RnnOutput output = network.rnn().infer(RnnInput.of(x))) {
            double[] values = output.y().toDoubles();
            for (int t = 0; t < length; t++) {
                y[t] = Arrays.copyOfRange(values, t * 6, t * 6 + 6);
            }
        }
        double[] pooled = pooled(network.config().pooling(), y);
        float[] weight = network.parameters().get("head.weight");
        float[] bias = network.parameters().get("head.bias");
        double[] logits = new double[CLASSES];
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            logits[k] = bias[k];
            for (int j = 0; j < pooled.length; j++) {
                logits[k] += weight[k * pooled.length + j] * pooled[j];
            }
            sum += Math.exp(logits[k]);
        }
        return Math.log(sum) - logits[example.label()];
    }

    private static double[] pooled(Pooling pooling, double[][] y) {
        double[] first = y[0];
        double[] last = y[y.length - 1];
        double[] pooled = new double[pooling == Pooling.FIRST_LAST ? 12 : 6];
        for (int j = 0; j < pooled.length; j++) {
            int feature = j % 6;
            pooled[j] = switch (pooling) {
                case FINAL -> j < 3 ? last[j] : first[j];
                case FIRST_LAST -> j < 6 ? first[feature] : last[feature];
                case MEAN ->
                    Arrays.stream(y)
                            .mapToDouble(step -> step[feature])
                            .average()
                            .orElseThrow();
                default ->
                    Arrays.stream(y).mapToDouble(step -> step[feature]).max().orElseThrow();
            };
        }
        return pooled;
    }

    @Test
    void dropoutIsForTrainingAlone() {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(0, BOTH_WAYS, Pooling.MEAN, CLASSES);
        List<LabelledSequence> examples = examples(false);
        double[] losses = new double[4];
        try (Device device = Device.cpu();
                SequenceNetwork plain = network(config, device);
                SequenceNetwork dropping = network(config.withDropout(0, 0.5), device);
                ClassificationTask first = new ClassificationTask(plain);
                ClassificationTask second = new ClassificationTask(dropping)) {
            ExampleBatch<LabelledSequence> batch = TaskGradients.together(first, examples);
            losses[0] = TaskGradients.loss(first, batch);
            losses[1] = TaskGradients.differentiate(first, batch, 1);
            losses[2] = TaskGradients.loss(second, batch);
            losses[3] = TaskGradients.differentiate(second, batch, 1);
        }
        assertThat(losses[1]).isEqualTo(losses[0]);
        assertThat(losses[2]).isEqualTo(losses[0]);
        assertThat(losses[3]).isNotEqualTo(losses[0]);
    }

    @Test
    void whatANetworkCannotReadIsRefused() {
        SequenceNetworkConfig reader = SequenceNetworkConfig.of(V, BOTH_WAYS, Pooling.MEAN, CLASSES);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(reader, device);
                ClassificationTask task = new ClassificationTask(network)) {
            assertThatThrownBy(() -> task.check(new LabelledSequence(InputSequence.tokens(1, 6), 0)))
                    .hasMessage("token 1 must be in [0, 6), found 6");
            assertThatThrownBy(() -> task.check(new LabelledSequence(InputSequence.tokens(1), 3)))
                    .hasMessage("label must be in [0, 3), found 3");
            assertThatThrownBy(() -> task.check(new LabelledSequence(InputSequence.features(1, 1, 2, 3), 0)))
                    .hasMessage("expected tokens, found features");
        }
        SequenceNetworkConfig dense = SequenceNetworkConfig.of(0, BOTH_WAYS, Pooling.MEAN, CLASSES);
        assertThatThrownBy(() -> InputSequence.features(2, 1, 2, 3, 4).check(dense))
                .hasMessage("expected 3 features in each step, found 2");
        assertThatThrownBy(() -> InputSequence.features(1, 1, Float.NaN, 3).check(dense))
                .hasMessage("feature 1 of step 0 must be finite, found NaN");
        assertThatThrownBy(() -> InputSequence.features(2, 1, 2, 3))
                .hasMessage("features must be equally many for each of 2 steps, found 3 values");
        assertThatThrownBy(() -> InputSequence.tokens(new int[0])).hasMessageContaining("1 time step or more, found 0");
        assertThatThrownBy(() -> InputSequence.channels(new int[] {1, 2}, new int[] {1}))
                .hasMessage("tokens[1] must have length 2, found 1");
        assertThatThrownBy(() -> dense.withDropouts(Dropouts.NONE.withEmbedding(0.5)))
                .hasMessageContaining("needs an embedding");
        assertThatThrownBy(() -> dense.withDropouts(Dropouts.NONE.withWeights(0.5)))
                .hasMessageContaining("for language models");
    }
}
