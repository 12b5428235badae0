package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.ParameterLayout.Entry;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.testing.Draw;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterLayoutTest {
    @Test
    void allMatricesComeBeforeAllBiases() {
        RnnConfig config = RnnConfig.of(CellType.GRU, 5, 4).withLayers(2).withBidirectional(true);
        assertThat(ParameterLayout.of(config).entries())
                .extracting(Entry::name)
                .containsExactly(
                        "weight_ih_l0",
                        "weight_hh_l0",
                        "weight_ih_l0_reverse",
                        "weight_hh_l0_reverse",
                        "weight_ih_l1",
                        "weight_hh_l1",
                        "weight_ih_l1_reverse",
                        "weight_hh_l1_reverse",
                        "bias_ih_l0",
                        "bias_hh_l0",
                        "bias_ih_l0_reverse",
                        "bias_hh_l0_reverse",
                        "bias_ih_l1",
                        "bias_hh_l1",
                        "bias_ih_l1_reverse",
                        "bias_hh_l1_reverse");
    }

    @Test
    void projectionStandsBehindItsLayersMatrices() {
        ParameterLayout layout = ParameterLayout.of(
                RnnConfig.of(CellType.LSTM, 5, 4).withProjSize(3).withBias(false));
        assertThat(layout.entries())
                .containsExactly(
                        new Entry("weight_ih_l0", 0, 16, 5, true),
                        new Entry("weight_hh_l0", 80, 16, 3, true),
                        new Entry("weight_hr_l0", 128, 3, 4, true));
        assertThat(layout.elements()).isEqualTo(140);
    }

    @Test
    void saysWhatThereIsWhenAskedForMore() {
        ParameterLayout layout =
                ParameterLayout.of(RnnConfig.of(CellType.GRU, 5, 4).withBias(false));
        assertThatThrownBy(() -> layout.entry(Role.B_IH, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bias_ih_l0")
                .hasMessageContaining("weight_hh_l0");
        assertThatThrownBy(() -> layout.entry(Role.W_IH, 1, 0)).hasMessageContaining("weight_ih_l1");
        assertThatThrownBy(() -> layout.entry(Role.W_IH, 0, 1)).hasMessageContaining("weight_ih_l0_reverse");
    }

    @Test
    void partsLieWithoutGapOrOverlap() {
        Draw.cases(200, draw -> {
            CellType cell = draw.oneOf(CellType.values());
            int input = draw.whole(1, 50);
            int hidden = draw.whole(2, 50);
            int layers = draw.whole(1, 5);
            boolean bidirectional = draw.flag();
            boolean bias = draw.flag();
            boolean projected = draw.flag();
            RnnConfig config = RnnConfig.of(cell, input, hidden)
                    .withLayers(layers)
                    .withBidirectional(bidirectional)
                    .withBias(bias)
                    .withProjSize(projected && cell == CellType.LSTM ? hidden - 1 : 0);
            ParameterLayout layout = ParameterLayout.of(config);
            List<Entry> entries = layout.entries();
            long next = 0;
            for (Entry entry : entries) {
                assertThat(entry.offset()).isEqualTo(next);
                next += entry.elements();
            }
            assertThat(layout.elements()).isEqualTo(next);
            int roles = 2 + (config.projSize() > 0 ? 1 : 0) + (bias ? 2 : 0);
            assertThat(entries).hasSize(roles * layers * config.directions());
        });
    }
}
