package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.TensorError;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Passes of the fused engine over tokens beside those over the features the tokens stand for. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenInputGpuTest {
    private Device device;

    @BeforeAll
    void open() {
        device = Gpu.openForTokens();
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /** The sequence of a case with as few different rows as the vocabulary has tokens. */
    private record Text(CaseData data, double[] table, int[] ids) {
        /** The first token is rare, the second frequent, as in a text; the last one is missing. */
        static Text of(String name, int vocabulary, boolean indicators) {
            CaseData drawn = CaseData.draw(EngineCase.parse(name));
            int features = drawn.config().inputSize();
            int rows = drawn.steps() * drawn.batch();
            int[] ids = new Random(5).ints(rows, 0, vocabulary - 1).toArray();
            for (int i = 0; i < rows; i += 3) {
                ids[i] = 1;
            }
            double[] table = Arrays.copyOf(drawn.x(), vocabulary * features);
            for (int i = 0; indicators && i < table.length; i++) {
                table[i] = i / features == i % features ? 1 : 0;
            }
            double[] x = new double[rows * features];
            for (int i = 0; i < rows; i++) {
                System.arraycopy(table, ids[i] * features, x, i * features, features);
            }
            return new Text(drawn.withInput(x), table, ids);
        }

        /** Sums by token of the rows of a gradient of x. */
        double[] byToken(double[] dx) {
            int features = data.config().inputSize();
            double[] sums = new double[table.length];
            for (int i = 0; i < dx.length; i++) {
                sums[ids[i / features] * features + i % features] += dx[i];
            }
            return sums;
        }
    }

    /** What a pass over tokens leaves. */
    private record Results(double[] y, double[] inferred, double[] gradient, double[] tableGradient) {}

    @ParameterizedTest
    @CsvSource({
        "PERSISTENT, 7, lstm-L1-T12-N8-C32-H64-bf16-seed3",
        "PERSISTENT, 7, gru-L1-T12-N8-C13-H40-bf16-seed4",
        "PERSISTENT, 13, gru-L1-T12-N8-C13-H40-f16-seed4",
        "PERSISTENT, 11, lstm-bidir-L2-T9-N5-C11-H32-lens-bf16-seed5",
        "PERSISTENT, 7, rnn_tanh-L1-T12-N8-C16-H33-bf16-seed6",
        "PERSISTENT, 20, lstm-L1-T12-N8-C12-H32-f32-seed7",
        "STREAMED, 12, lstm-L1-T12-N8-C12-H20-f32-seed7",
        "STREAMED, 7, lstm-L2-T9-N5-C9-H20-P6-bf16-seed8",
        "STREAMED, 7, gru-before-bidir-L1-T9-N5-C9-H13-f32-seed9",
        "STREAMED, 9, gru-before-L1-T9-N5-C9-H13-bf16-seed9",
        "PRODUCTS, 9, rnn_tanh-L1-T9-N12-C9-H13-nobias-f32-seed10",
        "PRODUCTS, 17, gru-L3-T9-N12-C8-H16-nobias-nostate-f16-seed11",
        "PERSISTENT, 11, lstm-bidir-L2-T9-N5-C11-H32-lens-recompute-bf16-seed5",
        "PERSISTENT, 7, gru-L1-T12-N8-C13-H40-recompute-f16-seed4",
        "STREAMED, 9, gru-before-L2-T9-N5-C9-H13-recompute-bf16-seed9"
    })
    void gradientsThroughTokensAreThoseOfTheReference(FusedEngine.Plan plan, int vocabulary, String name) {
        check(new FusedEngine(plan), vocabulary, name);
    }

    /** Gate inputs are looked up chunk by chunk. */
    @ParameterizedTest
    @CsvSource({"7, lstm-L2-T11-N8-C32-H64-lens-bf16-seed3", "12, gru-L3-T12-N8-C12-H32-f32-seed4"})
    void gradientsThroughTokensOfAWavefrontAreThoseOfTheReference(int vocabulary, String name) {
        check(new FusedEngine(FusedEngine.Plan.PERSISTENT, new FusedEngine.Layers(3)), vocabulary, name);
    }

    private void check(FusedEngine engine, int vocabulary, String name) {
        boolean indicators = EngineCase.parse(name).config().inputSize() == vocabulary;
        Text text = Text.of(name, vocabulary, indicators);
        DataType type = text.data().config().dataType();
        Results found = run(engine, text, indicators);
        double[] y = EngineRun.train(engine, device, text.data()).get("y");
        for (int i = 0; i < y.length; i++) {
            assertThat(found.y()[i]).as("y[%d]", i).isCloseTo(y[i], within(4 * type.epsilon()));
            assertThat(found.inferred()[i]).as("inferred y[%d]", i).isCloseTo(y[i], within(4 * type.epsilon()));
        }
        EngineCheck check = EngineCheck.of(name, text.data());
        assertThat(check.compareGradient(found.gradient())).allMatch(TensorError::passed);
        if (!indicators) {
            checkTable(text, type, found.tableGradient());
        }
    }

    /** By the rule of the tolerances: about twice as far off as plain loops in the same type. */
    private static void checkTable(Text text, DataType type, double[] found) {
        double[] exact;
        double[] rounded;
        try (Device cpu = Device.cpu()) {
            CaseData wide = text.data().withConfig(text.data().config().withDataType(DataType.F64));
            exact = text.byToken(
                    EngineRun.train(new ReferenceEngine(), cpu, wide).get("dx"));
            rounded = text.byToken(EngineRun.train(ReferenceEngine.rounding(), cpu, text.data())
                    .get("dx"));
        }
        double scale = 1;
        double honest = 0;
        for (int i = 0; i < exact.length; i++) {
            scale = Math.max(scale, Math.abs(exact[i]));
            honest = Math.max(honest, Math.abs(rounded[i] - exact[i]));
        }
        double bound = 2 * honest + scale * (2 * type.epsilon() + 40 * DataType.F32.epsilon());
        for (int i = 0; i < exact.length; i++) {
            assertThat(found[i]).as("dTable[%d]", i).isCloseTo(exact[i], within(bound));
        }
    }

    /** Queued, recorded and replayed passes give the same bits; accumulated gradients are twice those of one pass. */
    private Results run(FusedEngine engine, Text text, boolean indicators) {
        CaseData data = text.data();
        RnnConfig config = data.config();
        DataType type = config.dataType();
        List<Tensor> tensors = new ArrayList<>();
        try (RnnExecution execution = engine.prepare(config, device, data.steps(), data.batch(), true);
                RnnExecution inference = engine.prepare(config, device, data.steps(), data.batch(), false)) {
            Tensor ids = device.allocate(DataType.I32, text.ids().length);
            tensors.add(ids);
            ids.copyFrom(text.ids());
            Tensor table =
                    tensor(tensors, type, text.table(), text.table().length / config.inputSize(), config.inputSize());
            TokenInput tokens = new TokenInput(ids, indicators ? null : table);
            assertThat(execution.takes(tokens)).isTrue();
            assertThat(inference.takes(tokens)).isTrue();
            Tensor parameters = tensor(tensors, type, data.parameters(), data.parameters().length);
            long[] states = {(long) config.layers() * config.directions(), data.batch(), config.outputSize()};
            long[] cells = {states[0], states[1], config.hiddenSize()};
            Tensor hx = tensor(tensors, type, data.hx(), states);
            Tensor cx = tensor(tensors, type, data.cx(), cells);
            Tensor dy = tensor(tensors, type, data.dy(), data.steps(), data.batch(), config.totalOutputSize());
            Tensor dhy = tensor(tensors, type, data.dhy(), states);
            Tensor dcy = tensor(tensors, type, data.dcy(), cells);
            Tensor y = poisoned(tensors, type, dy.elements());
            Tensor reserve = poisoned(tensors, DataType.F32, execution.reserveElements());
            Tensor gradient = poisoned(tensors, DataType.F32, parameters.elements());
            Tensor dTable = indicators ? null : poisoned(tensors, DataType.F32, table.elements());
            ForwardCall forward =
                    new ForwardCall(parameters, null, hx, cx, data.lengths(), null, y, null, null, reserve, tokens);
            BackwardCall backward = backward(forward, dy, dhy, dcy, gradient, dTable, false);
            Results first = null;
            for (int repeat = 0; repeat < 3; repeat++) {
                execution.forward(forward);
                execution.backward(backward);
                Results results =
                        new Results(y.toDoubles(), null, gradient.toDoubles(), indicators ? null : dTable.toDoubles());
                assertThat(first == null ? results : first)
                        .usingRecursiveComparison()
                        .isEqualTo(results);
                first = results;
            }
            execution.backward(backward(forward, dy, dhy, dcy, gradient, dTable, true));
            assertThat(gradient.toDoubles()).isEqualTo(twice(first.gradient()));
            if (!indicators) {
                assertThat(dTable.toDoubles()).isEqualTo(twice(first.tableGradient()));
            }
            inference.forward(
                    new ForwardCall(parameters, null, hx, cx, data.lengths(), null, y, null, null, null, tokens));
            return new Results(first.y(), y.toDoubles(), first.gradient(), first.tableGradient());
        } finally {
            tensors.forEach(Tensor::close);
        }
    }

    private static BackwardCall backward(
            ForwardCall forward,
            Tensor dy,
            Tensor dhy,
            Tensor dcy,
            Tensor gradient,
            Tensor dTable,
            boolean accumulate) {
        TableGradient table = dTable == null ? null : new TableGradient(dTable, accumulate);
        return new BackwardCall(forward, dy, dhy, dcy, null, null, null, gradient, accumulate, table);
    }

    /** A vocabulary that is too large, and another one than that of the first call, are read as features. */
    @Test
    void takesTokensOfOneSmallVocabulary() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 12, 16);
        try (RnnExecution execution = new FusedEngine().prepare(config, device, 5, 5, true);
                Tensor ids = device.zeros(DataType.I32, 25);
                Tensor large = device.zeros(DataType.F32, 13, 12);
                Tensor small = device.zeros(DataType.F32, 8, 12)) {
            long before = execution.workspaceBytes();
            assertThat(execution.takes(new TokenInput(ids, large))).isFalse();
            assertThat(execution.workspaceBytes()).isEqualTo(before);
            assertThat(execution.takes(new TokenInput(ids, null))).isTrue();
            assertThat(execution.workspaceBytes()).isGreaterThan(before);
            assertThat(execution.takes(new TokenInput(ids, null))).isTrue();
            assertThat(execution.takes(new TokenInput(ids, small))).isFalse();
        }
    }

    private Tensor tensor(List<Tensor> tensors, DataType type, double[] values, long... extents) {
        if (values == null) {
            return null;
        }
        Tensor tensor = device.allocate(type, extents);
        tensors.add(tensor);
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor poisoned(List<Tensor> tensors, DataType type, long elements) {
        double[] values = new double[Math.toIntExact(elements)];
        Arrays.fill(values, Double.NaN);
        return tensor(tensors, type, values, elements);
    }

    private static double[] twice(double[] values) {
        return Arrays.stream(values).map(value -> 2 * value).toArray();
    }
}
