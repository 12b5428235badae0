package dev.fusedrnn.engine.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgreementTest {
    private final RnnConfig config = RnnConfig.of(CellType.LSTM, 2, 3);

    private boolean near(RnnConfig config, float... found) {
        return Agreement.near(
                config, List.of(new float[] {100}, new float[] {1, -2}), List.of(new float[] {100}, found));
    }

    @Test
    void resultsAreComparedOnTheScaleOfTheirOwnTensor() {
        assertThat(near(config, 1, -2)).isTrue();
        assertThat(near(config, 1.001f, -2)).isTrue();
        assertThat(near(config, 1.01f, -2)).isFalse();
        assertThat(near(config, -2, 1)).isFalse();
    }

    @Test
    void narrowTypesMayDifferByTheirRounding() {
        assertThat(near(config.withTf32(true), 1.01f, -2)).isTrue();
        assertThat(near(config.withDataType(DataType.BF16), 1.05f, -2)).isTrue();
        assertThat(near(config.withDataType(DataType.BF16), 1.2f, -2)).isFalse();
    }

    @Test
    void whatIsNotFiniteIsNearNothing() {
        assertThat(near(config, Float.NaN, -2)).isFalse();
        assertThat(near(config, 1, Float.NEGATIVE_INFINITY)).isFalse();
    }
}
