package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaggingTaskTest {
    private static final int V = 6;
    private static final int K = 3;
    private static final RnnConfig STACK = RnnConfig.of(CellType.GRU, 3, 3).withBidirectional(true);

    static Stream<SequenceNetworkConfig> networks() {
        SequenceNetworkConfig plain = SequenceNetworkConfig.of(V, STACK, Pooling.NONE, K);
        return Stream.of(
                plain,
                plain.withDropouts(new Dropouts(0, 0.2, 0, 0.3, true)),
                plain.withCrf(true).withDropout(0.2, 0.3));
    }

    private static SequenceNetwork network(SequenceNetworkConfig config, Device device) {
        SequenceNetwork network = ClassificationTaskTest.network(config, device);
        if (config.crf()) {
            Random random = new Random(9);
            for (String name :
                    List.of(SequenceNetwork.CRF_TRANSITIONS, SequenceNetwork.CRF_START, SequenceNetwork.CRF_END)) {
                int count = (int) network.parameters().entry(name).elements();
                network.parameters().set(name, random.doubles(count, -1, 1).toArray());
            }
        }
        return network;
    }

    /** Sequences of 1 to 6 steps; if allowed, nothing is expected at some steps. */
    private static List<TaggedSequence> examples(boolean ignoring) {
        Random random = new Random(3);
        List<TaggedSequence> examples = new ArrayList<>();
        for (int length : new int[] {2, 6, 1, 4}) {
            int[] tags = random.ints(length, 0, K).toArray();
            if (ignoring && length > 1) {
                tags[length / 2] = -1;
            }
            examples.add(new TaggedSequence(
                    InputSequence.tokens(random.ints(length, 0, V).toArray()), tags));
        }
        return examples;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void gradientOfTheWholeNetworkIsItsDifference(SequenceNetworkConfig config) {
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                TaggingTask task = new TaggingTask(network)) {
            ExampleBatch<TaggedSequence> batch = TaskGradients.together(task, examples(!config.crf()));
            assertThat(task.targets(batch)).isEqualTo(config.crf() ? 13 : 10);
            TaskGradients.areDifferences(task, batch, TaskGradients.STEP, 4e-4);
        }
    }

    /** The loss of a padded minibatch against log softmax in plain loops of what the head says of each sequence alone. */
    @Test
    void lossIsThatOfPlainLoops() {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(V, STACK, Pooling.NONE, K);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                TaggingTask task = new TaggingTask(network)) {
            List<TaggedSequence> examples = examples(true);
            double expected = 0;
            List<int[]> likeliest = new ArrayList<>();
            for (TaggedSequence example : examples) {
                double[] logits = alone(network, example.input());
                int[] tags = new int[example.tags().length];
                for (int t = 0; t < tags.length; t++) {
                    double[] row = Arrays.copyOfRange(logits, t * K, t * K + K);
                    double sum = Arrays.stream(row).map(Math::exp).sum();
                    expected += example.tags()[t] < 0 ? 0 : Math.log(sum) - row[example.tags()[t]];
                    for (int k = 1; k < K; k++) {
                        tags[t] = row[k] > row[tags[t]] ? k : tags[t];
                    }
                }
                likeliest.add(tags);
            }
            assertThat(TaggingTaskTest.<TaggedSequence>loss(task, examples)).isCloseTo(expected, within(1e-5));
            List<InputSequence> inputs =
                    examples.stream().map(TaggedSequence::input).toList();
            assertThat(tags(task, inputs)).usingRecursiveComparison().isEqualTo(likeliest);
        }
    }

    @Test
    void lossOfTheRandomFieldIsThatOfTheChain() {
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(V, STACK, Pooling.NONE, K).withCrf(true);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                TaggingTask task = new TaggingTask(network)) {
            List<TaggedSequence> examples = examples(false);
            LinearChain chain = new LinearChain(
                    K,
                    network.parameters().value(SequenceNetwork.CRF_TRANSITIONS).toDoubles(),
                    network.parameters().value(SequenceNetwork.CRF_START).toDoubles(),
                    network.parameters().value(SequenceNetwork.CRF_END).toDoubles());
            double expected = 0;
            List<int[]> best = new ArrayList<>();
            for (TaggedSequence example : examples) {
                double[] emissions = alone(network, example.input());
                expected += chain.loss(emissions, example.tags());
                best.add(chain.best(emissions));
            }
            assertThat(TaggingTaskTest.<TaggedSequence>loss(task, examples)).isCloseTo(expected, within(1e-5));
            List<InputSequence> inputs =
                    examples.stream().map(TaggedSequence::input).toList();
            assertThat(tags(task, inputs)).usingRecursiveComparison().isEqualTo(best);
        }
    }

    private static double[] alone(SequenceNetwork network, InputSequence input) {
        try (NetworkPass pass = new NetworkPass(network, List.of(input), input.length(), null)) {
            return pass.outputs().toDoubles();
        }
    }

    private static <E> double loss(SupervisedTask<E> task, List<E> examples) {
        return TaskGradients.loss(task, TaskGradients.together(task, examples));
    }

    /** Tags in the order of the inputs. */
    private static List<int[]> tags(TaggingTask task, List<InputSequence> inputs) {
        ExampleBatch<InputSequence> batch =
                Batching.of(9, 0).epoch(inputs, InputSequence::length, 0).get(0);
        List<int[]> found = task.tag(batch);
        int[][] ordered = new int[inputs.size()][];
        for (int n = 0; n < batch.size(); n++) {
            ordered[batch.place(n)] = found.get(n);
        }
        return List.of(ordered);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsNotANumberHasNoTag(boolean crf) {
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(V, STACK, Pooling.NONE, K).withCrf(crf);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                TaggingTask task = new TaggingTask(network)) {
            network.parameters().set("head.bias", new float[] {0, Float.NaN, 0});
            assertThatThrownBy(() -> tags(task, List.of(InputSequence.tokens(1, 2))))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the score of a class is NaN: training has diverged, or features are too large");
        }
    }

    @Test
    void mistakesAreRefusedInOneLine() {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(V, STACK, Pooling.NONE, K);
        InputSequence two = InputSequence.tokens(1, 2);
        try (Device device = Device.cpu();
                SequenceNetwork network = network(config, device);
                SequenceNetwork field = network(config.withCrf(true), device);
                TaggingTask task = new TaggingTask(network);
                TaggingTask chain = new TaggingTask(field)) {
            assertThatThrownBy(() -> task.check(new TaggedSequence(two, new int[] {0, 3})))
                    .hasMessage("tag must be in [0, 3) or negative, found 3");
            assertThatThrownBy(() -> chain.check(new TaggedSequence(two, new int[] {0, -1})))
                    .hasMessage("tag must be in [0, 3), found -1");
            assertThatThrownBy(() -> task.check(new TaggedSequence(two, new int[] {-1, -1})))
                    .hasMessage("a class must be expected at one step or more, found none");
        }
        assertThatThrownBy(() -> new TaggedSequence(two, new int[1]))
                .hasMessage("tags must be as many as the 2 steps, found 1");
        assertThatThrownBy(() ->
                        SequenceNetworkConfig.of(V, STACK, Pooling.MEAN, K).withCrf(true))
                .hasMessage("crf needs pooling none, found mean");
    }
}
