package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;

class ForeignWeightsTest {
    private static final int C = 2;
    private static final int H = 1;

    @Test
    void onnxTensorsLieWhereTheLayoutSays() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, C, H).withBidirectional(true);
        double[] flat = ForeignWeights.of(config)
                .onnx(0, numbered(0, 2, 4, C), numbered(100, 2, 4, H), numbered(200, 2, 8))
                .flat();
        assertThat(flat)
                .containsExactly(
                        0, 1, 4, 5, 6, 7, 2, 3, // weight_ih_l0: i, f, g, o of i, o, f, c
                        100, 102, 103, 101, // weight_hh_l0
                        8, 9, 12, 13, 14, 15, 10, 11, // weight_ih_l0_reverse
                        104, 106, 107, 105, // weight_hh_l0_reverse
                        200, 202, 203, 201, // bias_ih_l0
                        204, 206, 207, 205, // bias_hh_l0
                        208, 210, 211, 209, // bias_ih_l0_reverse
                        212, 214, 215, 213); // bias_hh_l0_reverse
    }

    @Test
    void kerasKernelsAreTransposed() {
        RnnConfig config = RnnConfig.of(CellType.GRU, C, H);
        double[] flat = ForeignWeights.of(config)
                .keras(0, 0, numbered(0, C, 3), numbered(100, H, 3), numbered(200, 2, 3))
                .flat();
        assertThat(flat)
                .containsExactly(
                        1, 4, 0, 3, 2, 5, // weight_ih_l0: r, z, n of z, r, h
                        101, 100, 102, // weight_hh_l0
                        201, 200, 202, // bias_ih_l0
                        204, 203, 205); // bias_hh_l0
    }

    @Test
    void aBiasThatIsNotGivenIsZero() {
        RnnConfig config = RnnConfig.of(CellType.RNN_TANH, C, H);
        assertThat(ForeignWeights.of(config)
                        .onnx(0, numbered(1, 1, 1, C), numbered(3, 1, 1, H), null)
                        .flat())
                .containsExactly(1, 2, 3, 0, 0);
        assertThat(ForeignWeights.of(config)
                        .keras(0, 0, numbered(1, C, 1), numbered(3, H, 1), numbered(4, 1))
                        .flat())
                .containsExactly(1, 2, 3, 4, 0);
        assertThat(ForeignWeights.of(config.withBias(false))
                        .keras(0, 0, numbered(1, C, 1), numbered(3, H, 1), null)
                        .flat())
                .containsExactly(1, 2, 3);
    }

    @Test
    void layersOfAStackAreGivenOneByOne() {
        RnnConfig config = RnnConfig.of(CellType.RNN_RELU, C, H).withLayers(2).withBias(false);
        ForeignWeights weights = ForeignWeights.of(config).onnx(1, numbered(4, 1, 1, H), numbered(5, 1, 1, H), null);
        assertThatThrownBy(weights::flat)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("parameter weight_ih_l0 has not been given yet");
        assertThat(weights.onnx(0, numbered(1, 1, 1, C), numbered(3, 1, 1, H), null)
                        .flat())
                .containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void loadingSetsTheParametersOfASection() {
        RnnConfig config = RnnConfig.of(CellType.RNN_RELU, C, H).withBias(false).withDataType(DataType.BF16);
        ForeignWeights weights = ForeignWeights.of(config).onnx(0, numbered(1, 1, 1, C), numbered(3, 1, 1, H), null);
        try (Device device = Device.cpu();
                Parameters parameters = Parameters.builder()
                        .add("other", 3)
                        .section("rnn", ParameterLayout.of(config))
                        .build(device, DataType.BF16);
                Rnn wider = Rnn.create(
                        RnnConfig.of(CellType.RNN_RELU, C, 3).withBias(false), device, EngineChoice.REFERENCE, 1)) {
            weights.load(parameters, "rnn");
            assertThat(parameters.sectionValues("rnn").toFloats()).containsExactly(1, 2, 3);
            assertThat(parameters.get("rnn.weight_ih_l0")).containsExactly(1, 2);
            float[] before = wider.flatParameters().toFloats();
            assertThatThrownBy(() -> weights.load(wider.parameters(), ""))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("parameter weight_ih_l0 must have shape [1, 2], found [3, 2]");
            assertThat(wider.flatParameters().toFloats()).containsExactly(before);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        ForeignWeights lstm = ForeignWeights.of(RnnConfig.of(CellType.LSTM, C, H));
        WeightArray w = numbered(0, 1, 4, C);
        WeightArray r = numbered(0, 1, 4, H);
        assertRefused(
                () -> lstm.onnx(0, numbered(0, 1, C, 4), r, null),
                "W must have shape [D, G·H, C] = [1, 4, 2], found [1, 2, 4]");
        assertRefused(() -> lstm.onnx(0, w, numbered(0, 4, H), null), "R must have shape", "found [4, 1]");
        assertRefused(() -> lstm.onnx(0, w, r, numbered(0, 1, 4)), "B must have shape", "[1, 8], found [1, 4]");
        assertRefused(() -> lstm.onnx(1, w, r, null), "there is no parameter weight_ih_l1");
        assertRefused(() -> lstm.keras(0, 1, w, r, null), "there is no parameter weight_ih_l0_reverse");
        assertRefused(
                () -> lstm.onnx(0, WeightArray.of(new double[] {0, 0, 0, 0, 0, Double.NaN, 0, 0}, 1, 4, C), r, null),
                "W must be finite, found NaN at element 5");
        assertRefused(() -> WeightArray.of(new float[3], 2, 2), "values of shape [2, 2] must be 4 elements, found 3");
        RnnConfig noBias = RnnConfig.of(CellType.LSTM, C, H).withBias(false);
        assertRefused(
                () -> ForeignWeights.of(noBias).onnx(0, w, r, numbered(0, 1, 8)),
                "B is given for a configuration without biases");
        assertRefused(() -> ForeignWeights.of(RnnConfig.of(CellType.LSTM, C, 4).withProjSize(2)), "projSize must be 0");
        assertThatThrownBy(lstm::flat).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theBiasOfAKerasGruTellsItsForm() {
        RnnConfig after = RnnConfig.of(CellType.GRU, C, H);
        RnnConfig before = after.withGruVariant(GruVariant.RESET_BEFORE);
        WeightArray kernel = numbered(0, C, 3);
        WeightArray recurrent = numbered(0, H, 3);
        assertRefused(
                () -> ForeignWeights.of(after).keras(0, 0, kernel, recurrent, numbered(0, 3)),
                "reset_after=True must have shape [2, G·H] = [2, 3], found [3]");
        assertRefused(
                () -> ForeignWeights.of(before).keras(0, 0, kernel, recurrent, numbered(0, 2, 3)),
                "must have shape [G·H] = [3], found [2, 3]");
    }

    private static void assertRefused(ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(parts);
    }

    private static WeightArray numbered(int first, long... extents) {
        long elements = 1;
        for (long extent : extents) {
            elements *= extent;
        }
        double[] values = new double[(int) elements];
        for (int i = 0; i < values.length; i++) {
            values[i] = first + i;
        }
        return WeightArray.of(values, extents);
    }
}
