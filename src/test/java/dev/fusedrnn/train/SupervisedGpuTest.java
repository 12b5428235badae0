package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Supervised tasks on a GPU beside the CPU's in F32: losses and all gradients of a minibatch, and losses of training. */
@Tag("gpu")
class SupervisedGpuTest {
    private static final int V = 11;
    private static final int C = 16;
    private static final int CLASSES = 5;

    private record Gradients(double loss, double inference, List<Double> training, Map<String, float[]> values) {}

    /** A task and how to close it. */
    private record Made<E>(SupervisedTask<E> task, Runnable closing) implements AutoCloseable {
        @Override
        public void close() {
            closing.run();
        }
    }

    private static SequenceNetworkConfig config(int vocabulary, Pooling pooling, DataType type) {
        RnnConfig rnn =
                RnnConfig.of(CellType.LSTM, C, 16).withBidirectional(true).withDataType(type);
        return SequenceNetworkConfig.of(vocabulary, rnn, pooling, CLASSES).withDropout(0.25, 0.25);
    }

    private static InputSequence tokens(int length, Random random) {
        return InputSequence.channels(
                random.ints(length, 0, V).toArray(), random.ints(length, 0, V).toArray());
    }

    private static float[] floats(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Examples of 1 to 9 steps. */
    private static <E> List<E> examples(Function<Random, E> maker) {
        Random random = new Random(3);
        List<E> examples = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            examples.add(maker.apply(random));
        }
        return examples;
    }

    private static <E> Gradients gradients(
            SequenceNetworkConfig config,
            Device device,
            EngineChoice choice,
            Function<SequenceNetwork, Made<E>> maker,
            List<E> examples) {
        try (SequenceNetwork network = SequenceNetwork.create(config, device, choice, Initialization.uniform(0.4), 7);
                Made<E> made = maker.apply(network)) {
            SupervisedTask<E> task = made.task;
            ExampleBatch<E> batch = TaskGradients.together(task, examples);
            double inference = TaskGradients.loss(task, batch);
            double loss = TaskGradients.differentiate(task, batch, 1f / task.targets(batch));
            Map<String, float[]> values = new LinkedHashMap<>();
            for (Parameters.Entry entry : network.parameters().entries()) {
                values.put(
                        entry.name(),
                        network.parameters().gradient(entry.name()).toFloats());
            }
            TrainerConfig training =
                    TrainerConfig.sgd(0.01, 1, 2).withOptimizer(Adam.usual()).withDropoutSeed(4);
            try (SupervisedTrainer<E> trainer =
                    new SupervisedTrainer<>(task, examples, examples, new Batching(4, 4, 1), training)) {
                trainer.run(SupervisedListener.SILENT);
                List<Double> losses = new ArrayList<>();
                trainer.history().forEach(report -> losses.add(report.validationLoss()));
                return new Gradients(loss, inference, losses, values);
            }
        }
    }

    private static <E> void compare(
            DataType type,
            Function<DataType, SequenceNetworkConfig> config,
            Function<SequenceNetwork, Made<E>> maker,
            List<E> examples) {
        Gradients exact;
        try (Device cpu = Device.cpu()) {
            exact = gradients(config.apply(DataType.F32), cpu, EngineChoice.AUTO, maker, examples);
        }
        Gradients found;
        try (Device gpu = Gpu.open()) {
            found = gradients(config.apply(type), gpu, EngineChoice.FUSED, maker, examples);
        }
        double tolerance = type.isHalf() ? 2e-2 : 1e-5;
        assertThat(found.loss).isCloseTo(exact.loss, within(tolerance * exact.loss));
        assertThat(found.inference).isCloseTo(exact.inference, within(tolerance * exact.inference));
        exact.values.forEach((name, values) -> assertThat(distance(found.values.get(name), values))
                .as("gradient of %s", name)
                .isLessThan(type.isHalf() ? 5e-2 : 1e-4));
        for (int epoch = 0; epoch < exact.training.size(); epoch++) {
            double loss = exact.training.get(epoch);
            assertThat(found.training.get(epoch))
                    .as("validation of epoch %d", epoch)
                    .isCloseTo(loss, within((type.isHalf() ? 3e-2 : 1e-3) * loss));
        }
    }

    /** Of two arrays, relative to the second. */
    private static double distance(float[] found, float[] exact) {
        double squares = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            squares += Math.pow(found[i] - exact[i], 2);
            size += Math.pow(exact[i], 2);
        }
        return Math.sqrt(squares / size);
    }

    @ParameterizedTest
    @CsvSource({"FINAL, F32", "FIRST_LAST, F32", "MEAN, BF16", "MAX, F32"})
    void classesAreThoseOfTheCpu(Pooling pooling, DataType type) {
        List<LabelledSequence> examples = examples(
                random -> new LabelledSequence(tokens(1 + random.nextInt(9), random), random.nextInt(CLASSES)));
        compare(
                type,
                t -> config(V, pooling, t),
                network -> {
                    ClassificationTask task = new ClassificationTask(network);
                    return new Made<>(task, task::close);
                },
                examples);
    }

    @ParameterizedTest
    @CsvSource({"false, F32", "true, BF16"})
    void tagsAreThoseOfTheCpu(boolean crf, DataType type) {
        List<TaggedSequence> examples = examples(random -> {
            int length = 1 + random.nextInt(9);
            return new TaggedSequence(
                    tokens(length, random), random.ints(length, 0, CLASSES).toArray());
        });
        compare(
                type,
                t -> config(V, Pooling.NONE, t).withCrf(crf),
                network -> {
                    TaggingTask task = new TaggingTask(network);
                    return new Made<>(task, task::close);
                },
                examples);
    }

    @ParameterizedTest
    @CsvSource({"F32"})
    void valuesAreThoseOfTheCpu(DataType type) {
        List<SequenceWithValues> examples = examples(random -> {
            int length = 1 + random.nextInt(9);
            return new SequenceWithValues(
                    InputSequence.features(length, floats(length * C, random)), floats(CLASSES, random));
        });
        compare(
                type,
                t -> config(0, Pooling.FINAL, t),
                network -> {
                    RegressionTask task = new RegressionTask(network);
                    return new Made<>(task, task::close);
                },
                examples);
    }
}
