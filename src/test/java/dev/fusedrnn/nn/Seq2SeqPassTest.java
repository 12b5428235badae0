package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses against plain formulas in double, gradients against finite differences of those. */
class Seq2SeqPassTest {
    private static final int T = 4;
    private static final int N = 3;
    private static final int E = 3;
    private static final int SOURCE_V = 6;
    private static final int TARGET_V = 5;
    private static final int[] LENGTHS = {4, 1, 3};

    private final Device device = Device.cpu();

    @AfterEach
    void close() {
        assertThat(device.allocatedBytes()).isZero();
        device.close();
    }

    private static RnnConfig cell(String cell, int hidden, int layers) {
        return RnnConfig.of(CellType.valueOf(cell), 1, hidden).withLayers(layers);
    }

    /** With each kind of bridge: none, two directions into one, fewer and more layers, a cell state that ends. */
    static Seq2SeqConfig config(String name) {
        RnnConfig gru = cell("GRU", 5, 2);
        RnnConfig lstm = cell("LSTM", 4, 2);
        return switch (name) {
            case "gru" -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, gru);
            case "lstm" -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, lstm);
            case "bidirectional" -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, gru.withBidirectional(true));
            case "smaller" ->
                Seq2SeqConfig.of(
                        SOURCE_V, TARGET_V, E, lstm.withBidirectional(true).withProjSize(3), cell("LSTM", 6, 1));
            case "attention" -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, gru).withAttention(4);
            case "attention over both directions" ->
                Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, gru.withBidirectional(true), cell("GRU", 4, 1))
                        .withAttention(7);
            case "attention of lstm" ->
                Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, lstm).withAttention(3);
            case "deeper" -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, cell("LSTM", 3, 1), cell("GRU", 4, 3));
            default -> Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, cell("LSTM", 5, 2), cell("GRU", 5, 2));
        };
    }

    private record Minibatch(int[] sources, int[] inputs, int[] targets) {
        static Minibatch drawn(Random random) {
            int[] targets = random.ints(T * N, 0, TARGET_V).toArray();
            targets[(T - 1) * N] = -1;
            targets[(T - 1) * N + 2] = -1;
            targets[(T - 2) * N + 2] = -1;
            return new Minibatch(
                    random.ints(T * N, 0, SOURCE_V).toArray(),
                    random.ints(T * N, 0, TARGET_V).toArray(),
                    targets);
        }

        void load(Seq2SeqPass pass) {
            pass.load(sources, LENGTHS, inputs, targets, 7, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gru",
                "lstm",
                "bidirectional",
                "smaller",
                "deeper",
                "cell state that ends",
                "attention",
                "attention over both directions",
                "attention of lstm"
            })
    void gradientsAreThoseOfFiniteDifferences(String name) {
        Random random = new Random(name.hashCode());
        Minibatch minibatch = Minibatch.drawn(random);
        try (Seq2SeqNetwork network = network(config(name));
                Seq2SeqPass pass = new Seq2SeqPass(network, T, N, true);
                Tensor scale = device.of(DataType.F32, new float[] {0.25f}, 1);
                Tensor lossSum = device.zeros(DataType.F32, 1);
                PlainSeq2Seq plain = new PlainSeq2Seq(network)) {
            minibatch.load(pass);
            pass.differentiate(scale, lossSum);
            double expected = plain.loss(minibatch.sources, LENGTHS, minibatch.inputs, minibatch.targets, T);
            assertThat((double) lossSum.toFloats()[0]).isCloseTo(expected, within(1e-5 * expected));
            for (Parameters.Entry entry : network.parameters().entries()) {
                double[] found = network.parameters().gradient(entry.name()).toDoubles();
                for (int i = 0; i < found.length; i += 1 + random.nextInt(4)) {
                    double step = 1e-5;
                    double slope = (plain.moved(
                                            entry.name(),
                                            i,
                                            step,
                                            minibatch.sources,
                                            LENGTHS,
                                            minibatch.inputs,
                                            minibatch.targets,
                                            T)
                                    - plain.moved(
                                            entry.name(),
                                            i,
                                            -step,
                                            minibatch.sources,
                                            LENGTHS,
                                            minibatch.inputs,
                                            minibatch.targets,
                                            T))
                            / (2 * step);
                    assertThat(found[i])
                            .as("%s: %s[%d]", name, entry.name(), i)
                            .isCloseTo(0.25 * slope, within(1e-5 * Math.max(1, Math.abs(slope))));
                }
            }
        }
    }

    /** A second pass overwrites the gradients, and what stands behind a length or is ignored has no influence. */
    @ParameterizedTest
    @ValueSource(strings = {"bidirectional", "attention over both directions"})
    void passesDoNotDependOnWhatIsPaddedOrCameBefore(String name) {
        Random random = new Random(5);
        Minibatch minibatch = Minibatch.drawn(random);
        Minibatch padded =
                new Minibatch(minibatch.sources.clone(), minibatch.inputs.clone(), minibatch.targets.clone());
        padded.sources[N + 1] = (padded.sources[N + 1] + 1) % SOURCE_V;
        padded.inputs[(T - 1) * N] = (padded.inputs[(T - 1) * N] + 1) % TARGET_V;
        try (Seq2SeqNetwork network = network(config(name));
                Seq2SeqPass pass = new Seq2SeqPass(network, T, N, true);
                Tensor scale = device.of(DataType.F32, new float[] {1}, 1);
                Tensor lossSum = device.zeros(DataType.F32, 1)) {
            minibatch.load(pass);
            pass.differentiate(scale, lossSum);
            float loss = lossSum.toFloats()[0];
            float[] gradient = network.parameters().gradients().toFloats();
            lossSum.clear();
            padded.load(pass);
            pass.differentiate(scale, lossSum);
            assertThat(lossSum.toFloats()[0]).isEqualTo(loss);
            assertThat(network.parameters().gradients().toFloats()).containsExactly(gradient);
        }
    }

    /**
     * In 16 bits: the gradient of a network in F32 whose parameters are those of the 16 bits. On its way every value is rounded some 30
     * times by half an epsilon, so that all of it cannot be off by more than 16 epsilons of its norm.
     */
    @ParameterizedTest
    @CsvSource({"bidirectional, BF16", "attention over both directions, BF16", "attention, F16"})
    void gradientsInSixteenBitsAreThoseOfThirtyTwo(String name, DataType type) {
        Seq2SeqConfig wide = config(name);
        Seq2SeqConfig narrow = new Seq2SeqConfig(
                wide.sourceVocabulary(),
                wide.targetVocabulary(),
                wide.sourceEmbedding(),
                wide.targetEmbedding(),
                wide.encoder().withDataType(type),
                wide.decoder().withDataType(type),
                wide.attentionSize());
        Minibatch minibatch = Minibatch.drawn(new Random(8));
        try (Seq2SeqNetwork network = network(narrow);
                Seq2SeqNetwork reference = network(wide)) {
            for (Parameters.Entry entry : network.parameters().entries()) {
                float[] rounded = network.parameters().value(entry.name()).toFloats();
                reference.parameters().set(entry.name(), rounded);
            }
            float[] found = gradient(network, minibatch);
            float[] expected = gradient(reference, minibatch);
            double off = 0;
            double norm = 0;
            for (int i = 0; i < found.length; i++) {
                off += Math.pow((double) found[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            assertThat(Math.sqrt(off / norm)).isLessThan(16 * type.epsilon());
        }
    }

    private float[] gradient(Seq2SeqNetwork network, Minibatch minibatch) {
        try (Seq2SeqPass pass = new Seq2SeqPass(network, T, N, true);
                Tensor scale = device.of(DataType.F32, new float[] {0.25f}, 1);
                Tensor lossSum = device.zeros(DataType.F32, 1)) {
            minibatch.load(pass);
            pass.differentiate(scale, lossSum);
            return network.parameters().gradients().toFloats();
        }
    }

    @Test
    void evaluationDropsNothingAndTrainingDrawsMasks() {
        RnnConfig layers = cell("GRU", 8, 2).withDropout(0.5);
        Minibatch minibatch = Minibatch.drawn(new Random(3));
        try (Seq2SeqNetwork network = network(Seq2SeqConfig.of(SOURCE_V, TARGET_V, E, layers));
                Seq2SeqPass training = new Seq2SeqPass(network, T, N, true);
                Seq2SeqPass evaluation = new Seq2SeqPass(network, T, N, false);
                Tensor scale = device.of(DataType.F32, new float[] {1}, 1);
                PlainSeq2Seq plain = new PlainSeq2Seq(network);
                Tensor lossSum = device.zeros(DataType.F32, 1)) {
            minibatch.load(evaluation);
            evaluation.evaluate(lossSum);
            double expected = plain.loss(minibatch.sources, LENGTHS, minibatch.inputs, minibatch.targets, T);
            assertThat((double) lossSum.toFloats()[0]).isCloseTo(expected, within(1e-5 * expected));
            assertThatThrownBy(() -> evaluation.differentiate(scale, lossSum))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("this pass is not for training");
            float[] losses = new float[3];
            for (int draw = 0; draw < 3; draw++) {
                lossSum.clear();
                training.load(minibatch.sources, LENGTHS, minibatch.inputs, minibatch.targets, 7, draw % 2);
                training.differentiate(scale, lossSum);
                losses[draw] = lossSum.toFloats()[0];
            }
            assertThat(losses[0]).isEqualTo(losses[2]).isNotEqualTo(losses[1]);
        }
    }

    /** Shapes of the book's example: vocabulary 10, embedding 8, 2 layers of 16, minibatch [4, 7]. */
    @Test
    void encoderAndDecoderHaveTheShapesOfTheBook() {
        Seq2SeqConfig config = Seq2SeqConfig.of(10, 10, 8, cell("GRU", 16, 2));
        assertThat(config.decoder().inputSize()).isEqualTo(8 + 16);
        assertThat(config.hasBridge()).isFalse();
        try (Seq2SeqNetwork network = network(config);
                Tensor ids = device.zeros(DataType.I32, 7 * 4);
                EncoderPass encoder = new EncoderPass(network, 7, 4, false, ids, null);
                ContextDecoderPass decoder = new ContextDecoderPass(network, encoder, 7, 4, false, ids, null)) {
            encoder.forward(null);
            decoder.forward();
            assertThat(encoder.y().shape().toString()).isEqualTo("[7, 4, 16]");
            assertThat(encoder.hy().shape().toString()).isEqualTo("[2, 4, 16]");
            assertThat(decoder.y().shape().toString()).isEqualTo("[28, 16]");
            assertThat(decoder.startH()).isSameAs(encoder.hy());
            assertThat(network.head().outputs()).isEqualTo(10);
        }
    }

    @Test
    void impossiblePairsAreRefusedInOneLine() {
        assertThatThrownBy(() -> Seq2SeqConfig.of(9, 9, 4, cell("GRU", 5, 1), cell("LSTM", 5, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("decoder lstm needs a cell state to start from, which encoder gru does not have");
        assertThatThrownBy(() -> Seq2SeqConfig.of(
                        9, 9, 4, cell("GRU", 5, 1), cell("GRU", 5, 1).withBidirectional(true)))
                .hasMessage("decoder must have one direction: what follows a token is not known when it is predicted");
        assertThatThrownBy(() -> Seq2SeqConfig.of(
                        9, 9, 4, cell("GRU", 5, 1), cell("GRU", 5, 1).withDataType(DataType.BF16)))
                .hasMessage("encoder and decoder must have one dataType, found F32 and BF16");
        assertThatThrownBy(() -> new Seq2SeqConfig(
                        9,
                        9,
                        4,
                        4,
                        cell("GRU", 5, 1).withSizes(4, 5),
                        cell("GRU", 5, 1).withSizes(4, 5),
                        0))
                .hasMessage("decoder.inputSize must be targetEmbedding + the encoder's outputs = 9, found 4");
        assertThatThrownBy(() -> Seq2SeqConfig.of(9, 9, 4, cell("GRU", 5, 1).withDataType(DataType.F64)))
                .hasMessage("a translation network computes in F32, BF16 or F16, found F64");
        assertThatThrownBy(() -> Seq2SeqConfig.of(0, 9, 4, cell("GRU", 5, 1)))
                .hasMessage("sourceVocabulary must be in [1, 1048576], found 0");
    }

    private Seq2SeqNetwork network(Seq2SeqConfig config) {
        Seq2SeqNetwork network = Seq2SeqNetwork.create(config, device, EngineChoice.CPU);
        network.initialize(Initialization.uniform(0.6), Initialization.FRAMEWORK, 11);
        return network;
    }
}
