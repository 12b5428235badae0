package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.ReadLimits;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PyTorch's weights under PyTorch's names give PyTorch's outputs and gradients. */
class GoldenRnnTest {
    @ParameterizedTest
    @CsvSource({
        "05-lstm-b3-t7-i5-h6-l2-d1, LSTM, 5, 6, 2, false",
        "06-lstm-b4-t6-i8-h16-l1-d2, LSTM, 8, 16, 1, true",
        "13-gru-b3-t7-i5-h6-l2-d1, GRU, 5, 6, 2, false",
        "02-rnn_tanh-b3-t6-i5-h7-l2-d2, RNN_TANH, 5, 7, 2, true"
    })
    void foreignWeightsReproduceTheirOutputs(
            String name, CellType cell, int inputs, int hidden, int layers, boolean bidirectional) throws IOException {
        Path file = SharedData.golden(name + ".safetensors");
        RnnConfig config = RnnConfig.of(cell, inputs, hidden).withLayers(layers).withBidirectional(bidirectional);
        for (DataType type : new DataType[] {DataType.F64, DataType.F32}) {
            EngineChoice choice = type == DataType.F64 ? EngineChoice.REFERENCE : EngineChoice.AUTO;
            double tolerance = type == DataType.F64 ? 1e-6 : 5e-5;
            try (Device device = Device.cpu();
                    SafetensorsReader golden = SafetensorsReader.open(file, ReadLimits.FOREIGN);
                    Rnn rnn = Rnn.create(config.withDataType(type), device, choice, 1)) {
                StateDict.load(file, rnn.parameters());
                compare(rnn, golden, type, tolerance);
            }
        }
    }

    private static void compare(Rnn rnn, SafetensorsReader golden, DataType type, double tolerance) throws IOException {
        boolean lstm = rnn.config().cell().hasCellState();
        Device device = rnn.device();
        try (Tensor x = tensor(golden, "x", type, device);
                Tensor hx = tensor(golden, "hx", type, device);
                Tensor cx = lstm ? tensor(golden, "cx", type, device) : null;
                Tensor dy = tensor(golden, "dy", type, device);
                Tensor dhy = tensor(golden, "dhy", type, device);
                Tensor dcy = lstm ? tensor(golden, "dcy", type, device) : null;
                RnnPass pass = rnn.forward(RnnInput.of(x).withState(hx, cx));
                RnnGradients gradients = pass.backward(dy, dhy, dcy)) {
            assertClose("y", pass.y(), golden, tolerance);
            assertClose("hy", pass.hy(), golden, tolerance);
            assertClose("dx", gradients.dx(), golden, tolerance);
            assertClose("dhx", gradients.dhx(), golden, tolerance);
            for (Parameters.Entry entry : rnn.parameters().entries()) {
                assertClose("d_" + entry.name(), rnn.parameters().gradient(entry.name()), golden, tolerance);
            }
        }
    }

    private static Tensor tensor(SafetensorsReader golden, String name, DataType type, Device device)
            throws IOException {
        long[] shape =
                golden.entry(name).shape().stream().mapToLong(Long::longValue).toArray();
        Tensor tensor = device.allocate(type, shape);
        tensor.copyFrom(golden.doubles(name));
        return tensor;
    }

    private static void assertClose(String name, Tensor found, SafetensorsReader golden, double tolerance)
            throws IOException {
        double[] expected = golden.doubles(name);
        double[] values = found.toDoubles();
        assertThat(values).hasSameSizeAs(expected);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).as("%s[%d]", name, i).isCloseTo(expected[i], within(tolerance));
        }
    }
}
