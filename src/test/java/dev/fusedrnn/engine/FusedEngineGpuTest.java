package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.RowPolicy;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Shape;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is the fused engine's own on a device: recording from outside, states replaced in place, tensors it refuses. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FusedEngineGpuTest {
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

    @ParameterizedTest
    @CsvSource({
        "STREAMED, gru-L2-T12-N8-C32-H64-drop0.3-f32-seed12",
        "STREAMED, lstm-bidir-L2-T9-N5-C32-H64-P16-bf16-seed13",
        "PERSISTENT, gru-L2-T12-N8-C32-H64-drop0.3-f16-seed12",
        "PERSISTENT, lstm-bidir-L2-T9-N5-C32-H64-bf16-seed13",
        "STREAMED, gru-before-L3-T9-N5-C32-H30-drop0.3-recompute-bf16-seed14",
        "PERSISTENT, gru-before-L2-T9-N5-C32-H64-drop0.3-bf16-seed14",
        "PERSISTENT, lstm-bidir-L3-T9-N5-C32-H64-drop0.3-lens-recompute-bf16-seed15"
    })
    void aWholePassCanBeRecordedFromOutside(FusedEngine.Plan plan, String name) {
        FusedEngine engine = new FusedEngine(plan);
        assertThat(engine.capability(EngineCase.parse(name).config(), device).reason())
                .isEmpty();
        RecordedPass.check(engine, device, name);
    }

    /** Of several blocks each, one of which may be done with a sample's only step before another has read its state. */
    @ParameterizedTest
    @CsvSource({
        "CLUSTER, lstm-bidir-L2-T1-N9-C8-H100-bf16-seed29",
        "CLUSTER, gru-L1-T3-N9-C8-H128-lens1.3.1.2.1.3.1.1.2-f32-seed30",
        "CLUSTER, gru-before-L2-T1-N9-C8-H100-bf16-seed36",
        "CLUSTER, gru-before-bidir-L1-T3-N9-C8-H128-lens1.3.1.2.1.3.1.1.2-f16-seed37",
        "CHIP, lstm-L2-T1-N9-C8-H144-bf16-seed31",
        "CHIP, gru-bidir-L1-T3-N9-C8-H144-lens1.3.1.2.1.3.1.1.2-f16-seed32",
        "WIDE, lstm-L1-T1-N20-C8-H144-bf16-seed33",
        "WIDE, gru-L1-T1-N20-C8-H139-bf16-seed34",
        "WIDE, lstm-bidir-L2-T3-N9-C8-H70-lens1.3.1.2.1.3.1.1.2-f16-seed35"
    })
    void statesOfSingleStepsMayBeReplacedInPlace(FusedEngine.Plan plan, String name) {
        CaseData data = CaseData.draw(EngineCase.parse(name));
        PassResult apart = EngineRun.infer(new FusedEngine(plan), device, data);
        for (int repeat = 0; repeat < 2; repeat++) {
            PassResult inPlace = EngineRun.inferInPlace(new FusedEngine(plan), device, data);
            apart.tensors()
                    .forEach((tensor, values) ->
                            assertThat(inPlace.get(tensor)).as(tensor).isEqualTo(values));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = FusedEngine.Plan.class,
            names = {"PERSISTENT", "CHIP", "WIDE"})
    void tensorsThatBeginBetweenRowsAreRefused(FusedEngine.Plan plan) {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 8, 64).withDataType(DataType.BF16);
        try (RnnExecution execution = new FusedEngine(plan).prepare(config, device, 2, 3, false);
                Tensor parameters = device.allocate(
                        DataType.BF16, ParameterLayout.of(config).elements());
                Tensor x = device.allocate(DataType.BF16, 2, 3, 8);
                Tensor room = device.allocate(DataType.BF16, 2 * 3 * 64 + 1)) {
            Tensor y = room.view(1, 2, 3, 64);
            assertThatThrownBy(() -> execution.forward(
                            new ForwardCall(parameters, x, null, null, null, null, y, null, null, null)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("y is not aligned to 16 bytes");
            execution.forward(
                    new ForwardCall(parameters, x, null, null, null, null, room.view(0, 2, 3, 64), null, null, null));
            device.synchronize();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "STREAMED, gru-L3-T6-N3-C9-H8-f32-seed12",
        "STREAMED, lstm-bidir-L2-T6-N3-C9-H8-P4-bf16-seed12",
        "PERSISTENT, lstm-bidir-L3-T6-N3-C9-H8-bf16-seed12",
        "STREAMED, gru-before-bidir-L3-T6-N3-C9-H8-recompute-f32-seed12",
        "PERSISTENT, gru-before-bidir-L3-T6-N3-C9-H8-bf16-seed12",
        "PERSISTENT, lstm-L3-T6-N3-C9-H8-recompute-bf16-seed12"
    })
    void backwardPassesSeeTheParametersOfTheirOwnForwardPass(FusedEngine.Plan plan, String name) {
        InterleavedPasses.check(new FusedEngine(plan), device, name);
    }

    /** Sizes whose gates have other rows; lengths, directions, chunks of a sequence, no initial state. */
    @ParameterizedTest
    @CsvSource({
        "PERSISTENT, 1, gru-bidir-L2-T6-N3-C9-H13-lens-bf16-seed41",
        "PERSISTENT, 1, rnn_relu-bidir-L2-T5-N3-C7-H13-f16-seed42",
        "PERSISTENT, 1, gru-L2-T1-N5-C16-H10-recompute-bf16-seed43",
        "PERSISTENT, 2, gru-L2-T40-N3-C9-H13-bf16-seed44"
    })
    void copiesOfGatesForProductsChangeNothing(FusedEngine.Plan plan, int chunks, String name) {
        FusedEngine engine = new FusedEngine(plan, new FusedEngine.Layers(chunks));
        EngineCase engineCase = EngineCase.parse(name);
        CaseData data = CaseData.draw(engineCase);
        PassResult dense = EngineRun.train(engine, device, data);
        try (Device other = Gpu.open()) {
            RowPolicy.of(CudaContext.of(other)).ignoreSizes();
            CheckReport report = EngineCheck.run(engine, other, engineCase);
            assertThat(report.passed()).as(report.failures()).isTrue();
            PassResult copied = EngineRun.train(engine, other, data);
            if (Gpu.isSimulated()) {
                // Its products have one order of sums, which zeros behind them do not change.
                dense.tensors()
                        .forEach((tensor, values) ->
                                assertThat(copied.get(tensor)).as(tensor).isEqualTo(values));
            }
        }
    }

    /** Weights that are packed in memory which another execution has used since are packed again. */
    @ParameterizedTest
    @EnumSource(
            value = FusedEngine.Plan.class,
            names = {"PERSISTENT", "STREAMED"})
    void executionsThatShareScratchMemoryPackTheirOwnWeights(FusedEngine.Plan plan) {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 8, 64).withDataType(DataType.BF16);
        FusedEngine engine = new FusedEngine(plan);
        long count = ParameterLayout.of(config).elements();
        try (Scratch scratch = Scratch.shared(device);
                RnnExecution one = engine.prepare(config, device, 3, 2, false, scratch);
                RnnExecution other = engine.prepare(config, device, 2, 2, false, scratch);
                Tensor parameters = drawn(1, count);
                Tensor otherParameters = drawn(2, count);
                Tensor x = drawn(3, 3, 2, 8);
                Tensor y = device.zeros(DataType.BF16, 3, 2, 64);
                Tensor otherY = device.zeros(DataType.BF16, 2, 2, 64)) {
            ForwardCall call = new ForwardCall(parameters, x, null, null, null, null, y, null, null, null);
            ForwardCall otherCall = new ForwardCall(
                    otherParameters, x.view(0, 2, 2, 8), null, null, null, null, otherY, null, null, null);
            one.forward(call, false);
            float[] expected = y.toFloats();
            other.forward(otherCall, false);
            one.forward(call, true);
            assertThat(y.toFloats()).containsExactly(expected);
            assertThat(one.workspaceBytes()).isZero();
            assertThat(scratch.bytes()).isPositive();
        }
    }

    private Tensor drawn(long seed, long... extents) {
        Random random = new Random(seed);
        float[] values = new float[Math.toIntExact(Shape.of(extents).elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() / 4;
        }
        return device.of(DataType.BF16, values, extents);
    }

    /** Per unit, step and layer 4 gates less in the reserve, and r*h less where that is multiplied; those of one layer more in the workspace. */
    @ParameterizedTest
    @CsvSource({
        "PERSISTENT, lstm-bidir-L3-T16-N8-C32-H64-drop0.3-bf16-seed1, 4",
        "PERSISTENT, gru-L3-T16-N8-C32-H64-f16-seed1, 4",
        "STREAMED, lstm-L3-T16-N8-C32-H64-P32-f32-seed1, 4",
        "STREAMED, gru-before-L3-T16-N8-C32-H64-f32-seed1, 5",
        "PERSISTENT, gru-before-L3-T16-N8-C32-H64-f16-seed1, 5",
        "PERSISTENT, rnn_tanh-L3-T16-N8-C32-H64-bf16-seed1, 0"
    })
    void gatesComputedAnewTakeNoReserve(FusedEngine.Plan plan, String name, int valuesLess) {
        EngineCase stored = EngineCase.parse(name);
        RnnConfig config = stored.config();
        RnnConfig recomputed = config.withGateStorage(GateStorage.RECOMPUTED);
        FusedEngine engine = new FusedEngine(plan);
        long units = (long) stored.steps() * stored.batch() * config.directions() * config.hiddenSize();
        long value = units * config.dataType().bytes();
        try (RnnExecution keeps = engine.prepare(config, device, stored.steps(), stored.batch(), true);
                RnnExecution makes = engine.prepare(recomputed, device, stored.steps(), stored.batch(), true)) {
            assertThat(keeps.reserveBytes() - makes.reserveBytes()).isEqualTo(config.layers() * valuesLess * value);
            long more = makes.workspaceBytes() - keeps.workspaceBytes();
            assertThat(more).isGreaterThanOrEqualTo(Math.min(valuesLess, 4) * value);
            assertThat(makes.plan().contains("recomputed")).isEqualTo(valuesLess > 0);
            assertThat(keeps.plan()).doesNotContain("recomputed");
        }
    }
}
