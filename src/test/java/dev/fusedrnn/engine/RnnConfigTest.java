package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RnnConfigTest {
    private static final RnnConfig LSTM = RnnConfig.of(CellType.LSTM, 3, 4);
    private static final RnnConfig GRU = RnnConfig.of(CellType.GRU, 3, 4);

    static List<Arguments> wrong() {
        int tooLarge = RnnConfig.MAX_SIZE + 1;
        return List.of(
                wrong(() -> RnnConfig.of(CellType.GRU, 0, 4), "inputSize must be in [1, 1048576], found 0"),
                wrong(() -> RnnConfig.of(CellType.GRU, -7, 4), "inputSize must be in [1, 1048576], found -7"),
                wrong(() -> RnnConfig.of(CellType.GRU, tooLarge, 4), "inputSize", "found 1048577"),
                wrong(() -> RnnConfig.of(CellType.GRU, Integer.MAX_VALUE, 4), "inputSize", "found 2147483647"),
                wrong(() -> RnnConfig.of(CellType.GRU, 3, 0), "hiddenSize must be in [1, 1048576], found 0"),
                wrong(() -> RnnConfig.of(CellType.GRU, 3, -1), "hiddenSize", "found -1"),
                wrong(() -> RnnConfig.of(CellType.GRU, 3, tooLarge), "hiddenSize", "found 1048577"),
                wrong(() -> RnnConfig.of(CellType.GRU, 3, Integer.MIN_VALUE), "hiddenSize", "found -2147483648"),
                wrong(() -> LSTM.withLayers(0), "layers must be in [1, 1024], found 0"),
                wrong(() -> LSTM.withLayers(-3), "layers", "found -3"),
                wrong(() -> LSTM.withLayers(1025), "layers", "found 1025"),
                wrong(() -> LSTM.withProjSize(-1), "projSize must be in [0, 3], found -1"),
                wrong(() -> LSTM.withProjSize(4), "projSize must be in [0, 3], found 4"),
                wrong(() -> GRU.withProjSize(2), "projSize is for LSTM alone, found 2 for gru"),
                wrong(() -> GRU.withDropout(-0.1), "dropout must be in [0, 1], found -0.1"),
                wrong(() -> GRU.withDropout(1.5), "dropout", "found 1.5"),
                wrong(() -> GRU.withDropout(Double.NaN), "dropout", "found NaN"),
                wrong(() -> GRU.withZoneout(-0.1), "zoneout must be in [0, 1], found -0.1"),
                wrong(() -> GRU.withZoneout(Double.NaN), "zoneout", "found NaN"),
                wrong(() -> LSTM.withCellZoneout(1.01), "cellZoneout must be in [0, 1], found 1.01"),
                wrong(() -> GRU.withCellZoneout(0.5), "cellZoneout is for LSTM alone, found 0.5 for gru"),
                wrong(() -> LSTM.withCellClip(-1), "cellClip must be 0 or a positive finite number, found -1.0"),
                wrong(() -> LSTM.withCellClip(Double.NaN), "cellClip", "found NaN"),
                wrong(() -> LSTM.withCellClip(Double.POSITIVE_INFINITY), "cellClip", "found Infinity"),
                wrong(() -> GRU.withCellClip(1), "cellClip is for LSTM alone, found 1.0 for gru"),
                wrong(() -> LSTM.withGruVariant(GruVariant.RESET_BEFORE), "gruVariant", "lstm"),
                wrong(() -> LSTM.withDataType(DataType.I32), "dataType must be a floating point type, found I32"));
    }

    private static Arguments wrong(Supplier<RnnConfig> make, String... parts) {
        return Arguments.of(make, List.of(parts));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void saysWhichFieldIsWrongAndWhatIsAllowed(Supplier<RnnConfig> make, List<String> parts) {
        assertThatThrownBy(make::get)
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(thrown -> assertThat(thrown.getMessage()).contains(parts));
    }

    @Test
    void refusesWhatIsMissing() {
        assertThatThrownBy(() -> RnnConfig.of(null, 3, 4))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("cell");
        assertThatThrownBy(() -> GRU.withGruVariant(null)).hasMessage("gruVariant");
        assertThatThrownBy(() -> GRU.withDataType(null)).hasMessage("dataType");
        assertThatThrownBy(() -> GRU.withGateStorage(null)).hasMessage("gateStorage");
    }

    @Test
    void acceptsTheLimits() {
        RnnConfig largest = RnnConfig.of(CellType.LSTM, RnnConfig.MAX_SIZE, RnnConfig.MAX_SIZE);
        assertThat(ParameterLayout.of(largest).elements()).isEqualTo(8L * (1L << 40) + 8L * (1L << 20));
        assertThat(RnnConfig.of(CellType.RNN_TANH, 1, 1).withLayers(1024).layers())
                .isEqualTo(1024);
        assertThat(GRU.withDropout(1).dropout()).isEqualTo(1);
    }

    @Test
    void changesOneFieldAtATime() {
        RnnConfig all = new RnnConfig(
                CellType.LSTM,
                3,
                4,
                2,
                true,
                false,
                2,
                0.5,
                true,
                0.1,
                0.2,
                0.25,
                GruVariant.RESET_AFTER,
                DataType.BF16,
                true,
                GateStorage.RECOMPUTED);
        RnnConfig built = LSTM.withLayers(2)
                .withBidirectional(true)
                .withBias(false)
                .withProjSize(2)
                .withDropout(0.5)
                .withVariationalDropout(true)
                .withZoneout(0.1)
                .withCellZoneout(0.2)
                .withCellClip(0.25)
                .withDataType(DataType.BF16)
                .withTf32(true)
                .withGateStorage(GateStorage.RECOMPUTED);
        assertThat(built).isEqualTo(all);
        assertThat(GRU.withGruVariant(GruVariant.RESET_BEFORE).gruVariant()).isEqualTo(GruVariant.RESET_BEFORE);
    }

    @Test
    void saysWhetherATrainingPassDrawsMasks() {
        assertThat(GRU.drawsMasks()).isFalse();
        assertThat(GRU.withDropout(0.5).drawsMasks()).isFalse();
        assertThat(GRU.withDropout(0.5).withLayers(2).drawsMasks()).isTrue();
        assertThat(GRU.withZoneout(0.1).drawsMasks()).isTrue();
        assertThat(LSTM.withCellZoneout(0.1).drawsMasks()).isTrue();
        assertThat(GRU.withBidirectional(true).dropoutPeriod(5)).isZero();
        assertThat(GRU.withBidirectional(true).withVariationalDropout(true).dropoutPeriod(5))
                .isEqualTo(5 * 8);
    }

    @Test
    void derivesSizes() {
        RnnConfig config = LSTM.withLayers(2).withBidirectional(true).withProjSize(2);
        assertThat(config.directions()).isEqualTo(2);
        assertThat(config.outputSize()).isEqualTo(2);
        assertThat(config.totalOutputSize()).isEqualTo(4);
        assertThat(config.layerInputSize(0)).isEqualTo(3);
        assertThat(config.layerInputSize(1)).isEqualTo(4);
        assertThat(GRU.totalOutputSize()).isEqualTo(4);
    }
}
