package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.testing.Draw;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class EngineCaseTest {
    @Test
    void nameSaysEverything() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 10, 6).withLayers(2).withBidirectional(true);
        assertThat(EngineCase.of(config, 7, 6, 17).withDrawnLengths())
                .hasToString("lstm-bidir-L2-T7-N6-C10-H6-lens-f32-seed17");
        RnnConfig before = RnnConfig.of(CellType.GRU, 3, 4)
                .withGruVariant(GruVariant.RESET_BEFORE)
                .withBias(false)
                .withDropout(1e-5)
                .withDataType(DataType.BF16)
                .withTf32(true);
        assertThat(EngineCase.of(before, 5, 3, -2)
                        .withLengths(5, 1, 3)
                        .withoutState()
                        .name())
                .isEqualTo("gru-before-L1-T5-N3-C3-H4-nobias-drop1.0E-5-lens5.1.3-nostate-tf32-bf16-seed-2");
    }

    @Test
    void theNameMakesTheCaseAgain() {
        Draw.cases(300, draw -> {
            CellType cell = draw.oneOf(CellType.values());
            int hidden = draw.whole(2, 200);
            int layers = draw.whole(1, 3);
            int bits = draw.whole(0, 255);
            int tenths = draw.whole(1, 9);
            long seed = draw.anyLong();
            RnnConfig config = RnnConfig.of(cell, hidden + 1, hidden)
                    .withLayers(layers)
                    .withBidirectional((bits & 1) != 0)
                    .withBias((bits & 2) != 0)
                    .withDropout((bits & 4) != 0 ? tenths / 10.0 : 0)
                    .withVariationalDropout((bits & 5) == 5)
                    .withZoneout((bits & 9) == 9 ? tenths / 11.0 : 0)
                    .withTf32((bits & 8) != 0)
                    .withDataType(DataType.values()[bits >> 4 & 3]);
            if (cell == CellType.LSTM && (bits & 64) != 0) {
                config = config.withProjSize(hidden / 2)
                        .withCellClip(tenths / 7.0)
                        .withCellZoneout(tenths / 13.0);
            }
            if (cell == CellType.GRU && (bits & 64) != 0) {
                config = config.withGruVariant(GruVariant.RESET_BEFORE);
            }
            EngineCase engineCase = EngineCase.of(config, 9, 2, seed);
            if ((bits & 128) != 0) {
                engineCase = (bits & 1) != 0 ? engineCase.withLengths(tenths, 9) : engineCase.withDrawnLengths();
            }
            engineCase = (bits & 2) != 0 ? engineCase.withoutState() : engineCase;
            assertThat(EngineCase.parse(engineCase.name())).isEqualTo(engineCase);
        });
    }

    @Test
    void refusesWhatIsNoCase() {
        assertThatThrownBy(() -> EngineCase.parse("lstm-T7"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lstm-bidir-L2-T7-N6-C10-H6-lens-f32-seed17")
                .hasMessageContaining("found lstm-T7");
        assertThatThrownBy(() -> EngineCase.parse("gru-L1-T7-N2-C1-H1-lens7.8-f32-seed1"))
                .hasMessageContaining("seqLengths[1]");
        assertThatThrownBy(() -> EngineCase.parse("gru-L1-T7-N3-C1-H1-lens7.6-f32-seed1"))
                .hasMessageContaining("3 samples expected, found 2");
        assertThatThrownBy(() -> EngineCase.parse("gru-L1-T0-N3-C1-H1-f32-seed1"))
                .hasMessageContaining("T and N");
    }

    @Test
    void drawnLengthsHaveAFullAndAShortestSample() {
        Draw.cases(200, draw -> {
            int steps = draw.whole(1, 40);
            int batch = draw.whole(1, 12);
            long seed = draw.anyLong();
            int[] lengths = EngineCase.of(RnnConfig.of(CellType.GRU, 1, 1), steps, batch, seed)
                    .withDrawnLengths()
                    .sequenceLengths()
                    .toArray();
            assertThat(lengths).hasSize(batch).contains(steps);
            if (batch > 1) {
                assertThat(lengths).contains(1);
            }
        });
    }

    @Test
    void dataIsAFunctionOfTheNameAndExactInItsType() {
        EngineCase engineCase = EngineCase.parse("lstm-L1-T3-N2-C4-H5-bf16-seed3");
        CaseData data = CaseData.draw(engineCase);
        assertThat(CaseData.draw(EngineCase.parse(engineCase.name())).x()).isEqualTo(data.x());
        assertThat(CaseData.draw(EngineCase.parse("lstm-L1-T3-N2-C4-H5-bf16-seed4"))
                        .x())
                .isNotEqualTo(data.x());
        assertThat(Arrays.stream(data.parameters())).allMatch(value -> DataType.BF16.round(value) == value);
    }
}
