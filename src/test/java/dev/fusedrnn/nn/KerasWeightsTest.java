package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights of Keras' layers give the outputs of Keras' equations. */
class KerasWeightsTest {
    private static final int T = 5;
    private static final int C = 3;
    private static final int H = 4;
    private static final int LAYERS = 2;

    private enum Form {
        SIMPLE_RNN(CellType.RNN_TANH, 1, KerasCells::simpleRnn),
        LSTM(CellType.LSTM, 1, KerasCells::lstm),
        GRU_RESET_AFTER(CellType.GRU, 2, KerasCells::gruResetAfter),
        GRU_RESET_BEFORE(CellType.GRU, 1, KerasCells::gruResetBefore);

        final CellType cell;
        final int biasRows;
        final KerasCells.Cell equations;

        Form(CellType cell, int biasRows, KerasCells.Cell equations) {
            this.cell = cell;
            this.biasRows = biasRows;
            this.equations = equations;
        }

        RnnConfig config() {
            RnnConfig config = RnnConfig.of(cell, C, H)
                    .withLayers(LAYERS)
                    .withBidirectional(true)
                    .withDataType(DataType.F64);
            return this == GRU_RESET_BEFORE ? config.withGruVariant(GruVariant.RESET_BEFORE) : config;
        }
    }

    /** Both compute in double: what is left is the order of sums. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void aStackOfBidirectionalLayersGivesKerasOutputs(Form form) {
        Random random = new Random(3);
        ForeignWeights weights = ForeignWeights.of(form.config());
        double[][] input = matrix(random, T, C);
        double[][] expected = input;
        for (int layer = 0; layer < LAYERS; layer++) {
            double[][][] sides = new double[2][][];
            for (int direction = 0; direction < 2; direction++) {
                KerasCells.Layer drawn = draw(random, form, expected[0].length);
                weights.keras(layer, direction, array(drawn.kernel()), array(drawn.recurrent()), bias(drawn.bias()));
                sides[direction] = KerasCells.run(form.equations, drawn, expected, direction == 1);
            }
            expected = concatenated(sides[0], sides[1]);
        }
        double[] wanted = flat(expected);
        try (Device device = Device.cpu();
                Rnn rnn = Rnn.create(form.config(), device, EngineChoice.REFERENCE, 1);
                Tensor x = device.allocate(DataType.F64, T, 1, C)) {
            x.copyFrom(flat(input));
            weights.load(rnn.parameters(), "");
            assertThat(rnn.flatParameters().toDoubles()).containsExactly(weights.flat());
            try (RnnOutput output = rnn.infer(RnnInput.of(x))) {
                assertThat(output.y().toDoubles()).containsExactly(wanted, within(1e-13));
            }
        }
    }

    private static KerasCells.Layer draw(Random random, Form form, int inputs) {
        int columns = form.cell.gates() * H;
        return new KerasCells.Layer(
                matrix(random, inputs, columns), matrix(random, H, columns), matrix(random, form.biasRows, columns));
    }

    private static double[][] matrix(Random random, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        for (double[] row : matrix) {
            Arrays.setAll(row, column -> 2 * random.nextDouble() - 1);
        }
        return matrix;
    }

    private static WeightArray array(double[][] matrix) {
        return WeightArray.of(flat(matrix), matrix.length, matrix[0].length);
    }

    private static WeightArray bias(double[][] rows) {
        return rows.length == 1 ? WeightArray.of(rows[0], rows[0].length) : array(rows);
    }

    private static double[] flat(double[][] matrix) {
        return Stream.of(matrix).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double[][] concatenated(double[][] left, double[][] right) {
        double[][] joined = new double[left.length][];
        for (int t = 0; t < joined.length; t++) {
            joined[t] = Arrays.copyOf(left[t], left[t].length + right[t].length);
            System.arraycopy(right[t], 0, joined[t], left[t].length, right[t].length);
        }
        return joined;
    }
}
