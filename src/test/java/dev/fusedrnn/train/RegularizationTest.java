package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.kernel.DropoutMask;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dropout of everything and the penalty on outputs, in whole passes over a network. */
class RegularizationTest {
    private static final int T = 5;
    private static final int N = 3;
    private static final int M = T * N;
    private static final long SEED = 99;
    private static final int DRAW = 3;
    private static final ActivityPenalty PENALTY = new ActivityPenalty(2, 1);

    private final int[] inputs = new Random(1).ints(M, 0, TinyLanguage.V).toArray();
    private final int[] targets = new Random(2).ints(M, 0, TinyLanguage.V).toArray();

    /** Every parameter's gradient against central differences of mean loss plus penalty, masks fixed. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gradientsThroughAllMasksAndPenaltiesAreDifferences(boolean narrowing) {
        LanguageNetworkConfig config =
                narrowing ? TinyLanguage.narrowing(DataType.F32) : TinyLanguage.regularized(DataType.F32);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 7);
                SequencePass pass = new SequencePass(network, T, N, true, false, PENALTY);
                Tensor scale = device.of(DataType.F32, new float[] {1f / M}, 1)) {
            pass.load(inputs, targets, SEED, DRAW);
            objective(pass, scale);
            float[] found = network.parameters().gradients().toFloats();
            for (Parameters.Entry entry : network.parameters().entries()) {
                float[] values = network.parameters().get(entry.name());
                for (int i = 0; i < values.length; i++) {
                    double[] sides = new double[2];
                    for (int side = 0; side < 2; side++) {
                        float[] moved = values.clone();
                        moved[i] += side == 0 ? 0x1p-7f : -0x1p-7f;
                        network.parameters().set(entry.name(), moved);
                        sides[side] = objective(pass, scale);
                    }
                    network.parameters().set(entry.name(), values);
                    assertThat((double) found[(int) entry.offset() + i])
                            .as("%s[%d]", entry.name(), i)
                            .isCloseTo((sides[0] - sides[1]) / 0x1p-6, within(3e-4));
                }
            }
        }
    }

    private static double objective(SequencePass pass, Tensor scale) {
        pass.differentiate(scale);
        return (pass.takeLoss() + pass.takePenalty()) / M;
    }

    @Test
    void thePenaltyIsItsFormulaAndLeavesTheLossAlone() {
        LanguageNetworkConfig config = TinyLanguage.regularized(DataType.F32);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 7);
                SequencePass plain = new SequencePass(network, T, N, true, false);
                SequencePass pass = new SequencePass(network, T, N, true, false, new ActivityPenalty(2, 0.5));
                Tensor scale = device.of(DataType.F32, new float[] {1f / M}, 1)) {
            plain.load(inputs, targets, SEED, DRAW);
            plain.differentiate(scale);
            pass.load(inputs, targets, SEED, DRAW);
            pass.differentiate(scale);
            assertThat(pass.takeLoss()).isEqualTo(plain.takeLoss());
            assertThat(plain.takePenalty()).isZero();
            double[] dropped = pass.headInputs().toDoubles();
            double[] raw = pass.stackOutputs().toDoubles();
            int step = raw.length / T;
            double squares = 0;
            double changes = 0;
            for (int i = 0; i < raw.length; i++) {
                squares += dropped[i] * dropped[i];
                changes += i < step ? 0 : Math.pow(raw[i] - raw[i - step], 2);
            }
            double expected = 2 * squares / raw.length + 0.5 * changes / (raw.length - step);
            assertThat(pass.takePenalty() / M).isCloseTo(expected, within(1e-6));
            assertThat(pass.takePenalty()).isZero();
        }
    }

    /** One mask for all time steps, or one for each; rows of the embedding by their token. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void masksOfInputsAndOutputs(boolean locked) {
        LanguageNetworkConfig config =
                TinyLanguage.embedded(CellType.LSTM, 8).withDropouts(new Dropouts(0.3, 0.5, 0, 0.5, locked));
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 7);
                SequencePass pass = new SequencePass(network, T, N, true, false);
                Tensor scale = device.of(DataType.F32, new float[] {1}, 1)) {
            pass.load(inputs, targets, SEED, DRAW);
            pass.differentiate(scale);
            float[] table = network.parameters().get("embedding.weight");
            float[] x = pass.stackInputs().toFloats();
            int width = x.length / M;
            for (int i = 0; i < x.length; i++) {
                int token = inputs[i / width];
                float expected = table[token * width + i % width]
                        * factor(0.3f, LanguageNetwork.EMBEDDING_STREAM, token)
                        * factor(0.5f, LanguageNetwork.INPUT_STREAM, locked ? i % (N * width) : i);
                assertThat(x[i]).as("x[%d]", i).isCloseTo(expected, within(1e-6f));
            }
            float[] y = pass.stackOutputs().toFloats();
            float[] features = pass.headInputs().toFloats();
            int step = y.length / T;
            for (int i = 0; i < y.length; i++) {
                float factor = factor(0.5f, LanguageNetwork.OUTPUT_STREAM, locked ? i % step : i);
                assertThat(features[i]).as("features[%d]", i).isEqualTo(y[i] * factor);
            }
        }
    }

    private static float factor(float p, int stream, long element) {
        return DropoutMask.factor(p, (int) SEED, 0, DRAW, stream, element);
    }

    /** Weight drop is a network with other recurrent weights: those of the mask, in all time steps. */
    @Test
    void aPassWithDroppedWeightsIsOneOnTheDroppedWeights() {
        LanguageNetworkConfig plain = TinyLanguage.embedded(CellType.GRU, 8);
        LanguageNetworkConfig dropping = plain.withDropouts(Dropouts.NONE.withWeights(0.5));
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(dropping, device, 7);
                LanguageNetwork other = TinyLanguage.network(plain, device, 7);
                SequencePass pass = new SequencePass(network, T, N, true, false);
                SequencePass expected = new SequencePass(other, T, N, true, false);
                SequencePass evaluation = new SequencePass(network, T, N, false, false);
                Tensor scale = device.of(DataType.F32, new float[] {1f / M}, 1)) {
            float[] before = network.parameters().values().toFloats();
            expected.load(inputs, targets, 0, 0);
            expected.differentiate(scale);
            double undropped = expected.takeLoss();

            float[] recurrent = other.parameters().get("rnn.weight_hh_l0");
            float[] factors = new float[recurrent.length];
            for (int i = 0; i < recurrent.length; i++) {
                factors[i] = factor(0.5f, LanguageNetwork.WEIGHT_STREAM, i);
                recurrent[i] *= factors[i];
            }
            other.parameters().set("rnn.weight_hh_l0", recurrent);
            expected.differentiate(scale);
            pass.load(inputs, targets, SEED, DRAW);
            pass.differentiate(scale);

            assertThat(pass.takeLoss()).isEqualTo(expected.takeLoss()).isNotEqualTo(undropped);
            assertThat(network.parameters().values().toFloats()).containsExactly(before);
            float[] found = network.parameters().gradient("rnn.weight_hh_l0").toFloats();
            float[] unmasked = other.parameters().gradient("rnn.weight_hh_l0").toFloats();
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i]).isEqualTo(unmasked[i] * factors[i]);
            }
            evaluation.load(inputs, targets, 0, 0);
            evaluation.evaluate();
            assertThat(evaluation.takeLoss()).isEqualTo(undropped);

            pass.load(inputs, targets, SEED, DRAW + 1);
            pass.differentiate(scale);
            assertThat(pass.takeLoss()).isNotEqualTo(expected.takeLoss());
        }
    }

    @Test
    void configurationsCheckThemselves() {
        LanguageNetworkConfig oneHot = TinyLanguage.oneHot(CellType.GRU, 4);
        assertThatThrownBy(() -> oneHot.withDropouts(Dropouts.NONE.withEmbedding(0.1)))
                .hasMessageContaining("embeddingDropout needs an embedding");
        assertThatThrownBy(() -> Dropouts.NONE.withWeights(1.5))
                .hasMessageContaining("weightDropout must be in [0, 1]");
        assertThatThrownBy(() -> Dropouts.NONE.withEmbedding(Double.NaN)).hasMessageContaining("embeddingDropout");
        assertThatThrownBy(() -> new ActivityPenalty(-1, 0)).hasMessageContaining("activity must be 0");
        assertThatThrownBy(() -> new ActivityPenalty(0, Double.POSITIVE_INFINITY))
                .hasMessageContaining("change must");
        assertThat(new ActivityPenalty(0, 1).any()).isTrue();
        assertThat(ActivityPenalty.NONE.any()).isFalse();
        assertThat(new ActivityPenalty(1, 1).changeFactor(1, 5)).isZero();
    }
}
