package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GateOrderTest {
    private static final int H = 2;

    /** Rows carry their foreign gate as the tens digit and their unit as the ones digit. */
    @ParameterizedTest
    @CsvSource({
        "PYTORCH, LSTM, 0 1 10 11 20 21 30 31",
        "PYTORCH, GRU, 0 1 10 11 20 21",
        "ONNX, LSTM, 0 1 20 21 30 31 10 11",
        "ONNX, GRU, 10 11 0 1 20 21",
        "KERAS, LSTM, 0 1 10 11 20 21 30 31",
        "KERAS, GRU, 10 11 0 1 20 21",
        "ONEDNN, LSTM, 0 1 10 11 20 21 30 31",
        "ONEDNN, GRU, 10 11 0 1 20 21",
        "ONNX, RNN_TANH, 0 1",
        "KERAS, RNN_RELU, 0 1"
    })
    void numberedRowsGoWhereTheirGateBelongs(GateOrder order, CellType cell, String expected) {
        float[] rows = new float[cell.gates() * H];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = 10 * (row / H) + row % H;
        }
        String[] wanted = expected.split(" ");
        float[] moved = order.toLibrary(cell, H, rows);
        assertThat(moved).hasSize(wanted.length);
        for (int row = 0; row < moved.length; row++) {
            assertThat(moved[row]).as("row %d", row).isEqualTo(Float.parseFloat(wanted[row]));
        }
    }

    @ParameterizedTest
    @EnumSource(GateOrder.class)
    void thereAndBackIsTheSame(GateOrder order) {
        int columns = 3;
        for (CellType cell : CellType.values()) {
            double[] values = new double[cell.gates() * H * columns];
            float[] floats = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = i;
                floats[i] = i;
            }
            double[] foreign = order.fromLibrary(cell, H, values);
            float[] foreignFloats = order.fromLibrary(cell, H, floats);
            assertThat(order.toLibrary(cell, H, foreign)).containsExactly(values);
            assertThat(order.toLibrary(cell, H, foreignFloats)).containsExactly(floats);
            assertThat(foreign[0]).isEqualTo(foreignFloats[0]);
        }
    }

    @Test
    void rowsMoveWithAllTheirColumns() {
        double[] matrix = {1, 2, 3, 4, 5, 6, 7, 8};
        assertThat(GateOrder.ONNX.toLibrary(CellType.LSTM, 1, matrix)).containsExactly(1, 2, 5, 6, 7, 8, 3, 4);
        assertThat(GateOrder.ONNX.fromLibrary(CellType.LSTM, 1, matrix)).containsExactly(1, 2, 7, 8, 3, 4, 5, 6);
    }

    @Test
    void lettersAreOursInTheirOrder() {
        assertThat(GateOrder.ONNX.letters(CellType.LSTM)).isEqualTo("iofg");
        assertThat(GateOrder.ONEDNN.letters(CellType.GRU)).isEqualTo("zrn");
        assertThat(GateOrder.KERAS.letters(CellType.RNN_RELU)).isEqualTo("h");
    }

    @Test
    void sizesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> GateOrder.ONNX.toLibrary(CellType.LSTM, 2, new float[12]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4·2 = 8")
                .hasMessageContaining("found 12");
        assertThatThrownBy(() -> GateOrder.KERAS.fromLibrary(CellType.GRU, 0, new double[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hiddenSize");
    }
}
