package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights of ONNX operators give ONNX Runtime's outputs, in every cell, direction, with lengths and initial states. */
class OnnxRuntimeTest {
    private static final int C = 5;
    /** No multiple of a vector's width. */
    private static final int H = 11;
    /**
     * Of the largest output, or of 1: 17 roundings of a float. Both sides sum C + H + 2 = 18 terms in float, in orders of
     * their own, and approximate tanh and σ by formulas of their own.
     */
    private static final float TOLERANCE = 1e-6f;

    static List<Arguments> forms() {
        List<RnnConfig> configs = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            configs.add(RnnConfig.of(cell, C, H));
        }
        configs.add(RnnConfig.of(CellType.GRU, C, H).withGruVariant(GruVariant.RESET_BEFORE));
        List<Arguments> forms = new ArrayList<>();
        for (RnnConfig config : configs) {
            for (int options = 0; options < 4; options++) {
                forms.add(Arguments.of(config, config.cell(), config.gruVariant(), options % 2 == 1, options / 2 == 1));
            }
        }
        return forms;
    }

    @ParameterizedTest(name = "{1} {2} lengths {3} state {4}")
    @MethodSource("forms")
    void outputsAreTheirs(RnnConfig config, CellType cell, GruVariant variant, boolean lengths, boolean state)
            throws Exception {
        OnnxProblem both = OnnxProblem.random(config.withBidirectional(true), lengths, state);
        OnnxProblem first = both.direction(0);
        OnnxOutputs forward = OnnxRuntime.run(first, "forward");
        OnnxOutputs reverse = OnnxRuntime.run(both.direction(1), "reverse");
        OnnxOutputs bidirectional = OnnxRuntime.run(both, "bidirectional");
        for (EngineChoice engine : List.of(EngineChoice.REFERENCE, EngineChoice.CPU)) {
            OnnxOutputs ours = run(both, engine);
            assertClose("forward", run(first, engine), forward);
            assertClose("bidirectional", ours, bidirectional);
            assertClose("reverse", ours.second(OnnxProblem.T), reverse);
        }
    }

    @ParameterizedTest(name = "{1} {2} lengths {3} state {4}")
    @MethodSource("forms")
    void reverseAloneIsAForwardRunOverReversedTime(
            RnnConfig config, CellType cell, GruVariant variant, boolean lengths, boolean state) throws Exception {
        OnnxProblem problem = OnnxProblem.random(config.withBidirectional(true), lengths, state)
                .direction(1);
        OnnxOutputs expected = OnnxRuntime.run(problem, "reverse");
        SequenceLengths valid = lengths(problem);
        OnnxProblem turned = new OnnxProblem(
                config,
                TimeReversal.of(problem.x(), OnnxProblem.T, OnnxProblem.N, C, valid),
                problem.w(),
                problem.r(),
                problem.b(),
                problem.hx(),
                problem.cx(),
                problem.lengths());
        OnnxOutputs found = run(turned, EngineChoice.CPU);
        float[] y = TimeReversal.of(found.y(), OnnxProblem.T, OnnxProblem.N, H, valid);
        assertClose("reverse", new OnnxOutputs(y, found.hy(), found.cy()), expected);
    }

    @Test
    void paddedStepsAreZeroOnBothSides() throws Exception {
        OnnxProblem problem = OnnxProblem.random(RnnConfig.of(CellType.LSTM, C, H), true, true);
        float[] theirs = OnnxRuntime.run(problem, "forward").y();
        float[] ours = run(problem, EngineChoice.CPU).y();
        int padded = 0;
        for (int row = 0; row < OnnxProblem.T * OnnxProblem.N; row++) {
            if (row / OnnxProblem.N >= problem.lengths()[row % OnnxProblem.N]) {
                for (int unit = 0; unit < H; unit++) {
                    assertThat(ours[row * H + unit]).isZero();
                    assertThat(theirs[row * H + unit]).isZero();
                }
                padded++;
            }
        }
        assertThat(padded).isEqualTo(10);
    }

    @Test
    void theWrongFormOfAGruIsFarOff() throws Exception {
        RnnConfig config = RnnConfig.of(CellType.GRU, C, H);
        OnnxProblem problem = OnnxProblem.random(config, false, true);
        OnnxOutputs theirs = OnnxRuntime.run(problem, "forward");
        OnnxProblem other = new OnnxProblem(
                config.withGruVariant(GruVariant.RESET_BEFORE),
                problem.x(),
                problem.w(),
                problem.r(),
                problem.b(),
                problem.hx(),
                null,
                null);
        float[] ours = run(other, EngineChoice.REFERENCE).y();
        float largest = 0;
        for (int i = 0; i < ours.length; i++) {
            largest = Math.max(largest, Math.abs(ours[i] - theirs.y()[i]));
        }
        assertThat(largest).isGreaterThan(10_000 * TOLERANCE);
    }

    private static OnnxOutputs run(OnnxProblem problem, EngineChoice engine) {
        RnnConfig config = problem.config();
        int directions = config.directions();
        int rows = config.cell().gates() * H;
        try (Device device = Device.cpu();
                Rnn rnn = Rnn.create(config, device, engine, 1);
                Tensor x = device.of(DataType.F32, problem.x(), OnnxProblem.T, OnnxProblem.N, C);
                Tensor hx = state(device, problem.hx(), directions);
                Tensor cx = state(device, problem.cx(), directions)) {
            ForeignWeights.of(config)
                    .onnx(
                            0,
                            WeightArray.of(problem.w(), directions, rows, C),
                            WeightArray.of(problem.r(), directions, rows, H),
                            WeightArray.of(problem.b(), directions, 2L * rows))
                    .load(rnn.parameters(), "");
            try (RnnOutput output = rnn.infer(new RnnInput(x, hx, cx, lengths(problem)))) {
                return OnnxOutputs.of(output, OnnxProblem.T, OnnxProblem.N, directions, H);
            }
        }
    }

    private static Tensor state(Device device, float[] values, int directions) {
        return values == null ? null : device.of(DataType.F32, values, directions, OnnxProblem.N, H);
    }

    private static SequenceLengths lengths(OnnxProblem problem) {
        return problem.lengths() == null ? null : SequenceLengths.of(OnnxProblem.T, problem.lengths());
    }

    private static void assertClose(String direction, OnnxOutputs found, OnnxOutputs expected) {
        assertClose(direction + " Y", found.y(), expected.y());
        assertClose(direction + " Y_h", found.hy(), expected.hy());
        if (expected.cy() == null) {
            assertThat(found.cy()).isNull();
        } else {
            assertClose(direction + " Y_c", found.cy(), expected.cy());
        }
    }

    private static void assertClose(String name, float[] found, float[] expected) {
        assertThat(found).as(name).hasSameSizeAs(expected);
        float scale = 1;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as("%s[%d]", name, i).isCloseTo(expected[i], within(TOLERANCE * scale));
        }
    }
}
