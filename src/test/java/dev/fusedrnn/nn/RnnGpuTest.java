package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A stack on a GPU: what it keeps from call to call, and single steps. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RnnGpuTest {
    private static final int T = 4;
    private static final int C = 5;
    private static final int H = 11;

    private Device device;

    @BeforeAll
    void open() {
        device = Gpu.open();
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    static Stream<RnnConfig> configs() {
        RnnConfig lstm = RnnConfig.of(CellType.LSTM, C, H).withLayers(2);
        RnnConfig gru = RnnConfig.of(CellType.GRU, C, H).withLayers(3);
        return Stream.of(
                lstm.withDataType(DataType.BF16),
                lstm.withBias(false).withCellClip(0.5),
                lstm.withProjSize(3),
                gru.withDataType(DataType.F16),
                gru.withGruVariant(GruVariant.RESET_BEFORE),
                RnnConfig.of(CellType.RNN_RELU, C, H));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void singleStepsGiveTheSameAsASequence(RnnConfig config) {
        double tolerance = config.dataType() == DataType.F32 ? 1e-5 : 0.02;
        for (int batch : List.of(1, 3, 20)) {
            try (Rnn rnn = Rnn.create(config, device, EngineChoice.FUSED, 3);
                    Tensor x = random(config, T, batch, C);
                    RnnOutput whole = rnn.infer(RnnInput.of(x));
                    RnnState state = rnn.zeroState(batch);
                    Tensor y = device.zeros(config.dataType(), batch, config.outputSize())) {
                float[] expected = whole.y().toFloats();
                for (int t = 0; t < T; t++) {
                    rnn.step(x.view((long) t * batch * C, batch, C), state, y);
                    float[] row = y.toFloats();
                    for (int i = 0; i < row.length; i++) {
                        assertThat((double) row[i]).isCloseTo(expected[t * row.length + i], within(tolerance));
                    }
                }
                close(state.h(), whole.hy(), tolerance);
                if (state.c() != null) {
                    close(state.c(), whole.cy(), tolerance);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void changedParametersAreSeen(RnnConfig config) {
        String name = "weight_hh_l0";
        try (Rnn rnn = Rnn.create(config, device, EngineChoice.FUSED, 3);
                Rnn fresh = Rnn.create(config, device, EngineChoice.FUSED, 3);
                Tensor x = random(config, T, 2, C)) {
            float[] first = infer(rnn, x);
            assertThat(infer(rnn, x)).containsExactly(first);
            assertThat(infer(rnn, x)).containsExactly(first);
            float[] changed = rnn.parameters().get(name);
            for (int i = 0; i < changed.length; i++) {
                changed[i] = -changed[i];
            }
            rnn.parameters().set(name, changed);
            fresh.parameters().set(name, changed);
            float[] expected = infer(fresh, x);
            assertThat(expected).isNotEqualTo(first);
            assertThat(infer(rnn, x)).containsExactly(expected);
            assertThat(infer(rnn, x)).containsExactly(expected);
        }
    }

    private static float[] infer(Rnn rnn, Tensor x) {
        try (RnnOutput output = rnn.infer(RnnInput.of(x))) {
            return output.y().toFloats();
        }
    }

    private Tensor random(RnnConfig config, long... extents) {
        Random random = new Random(7);
        float[] values = new float[(int) (extents[0] * extents[1] * extents[2])];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return device.of(config.dataType(), values, extents);
    }

    private static void close(Tensor found, Tensor expected, double tolerance) {
        float[] values = found.toFloats();
        float[] exact = expected.toFloats();
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i]).isCloseTo(exact[i], within(tolerance));
        }
    }
}
