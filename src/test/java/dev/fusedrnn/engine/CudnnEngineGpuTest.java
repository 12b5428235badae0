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
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is cuDNN's own: algorithms, their choice, recording, memory. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudnnEngineGpuTest {
    private static final List<String> SHAPES = List.of(
            "lstm-L1-T16-N8-C64-H128-f32-seed1",
            "gru-L1-T16-N8-C64-H128-f16-seed2",
            "lstm-bidir-L2-T12-N4-C32-H64-f16-seed3",
            "rnn_tanh-L1-T16-N1-C128-H128-bf16-seed4",
            "lstm-L1-T9-N3-C17-H33-f32-seed5",
            "gru-bidir-L1-T8-N16-C64-H256-bf16-seed6");

    private Device device;

    @BeforeAll
    void open() {
        Gpu.requireOrSkip(Device.gpuReasons());
        Gpu.requireOrSkip(CudnnEngine.missing().isEmpty() ? List.of() : List.of(CudnnEngine.missing()));
        device = Gpu.open();
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lstm-L1-T16-N8-C64-H128-f32-seed1",
                "gru-L1-T16-N8-C64-H128-f16-seed2",
                "lstm-bidir-L2-T12-N4-C32-H64-f16-seed3",
                "gru-bidir-L1-T8-N16-C64-H256-bf16-seed6",
                "lstm-L3-T7-N6-C10-H6-drop0.25-f32-seed7",
                "lstm-L2-T7-N6-C10-H12-P3-f32-seed8",
                "gru-bidir-L1-T7-N6-C10-H6-lens-f32-seed9"
            })
    void theMeasuredChoiceAgreesWithTheReference(String name, TestReporter reporter) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(new CudnnEngine(), device);
        assertThat(report.passed()).as(report.failures()).isTrue();
        EngineCase engineCase = EngineCase.parse(name);
        try (RnnExecution execution =
                new CudnnEngine().prepare(engineCase.config(), device, engineCase.steps(), engineCase.batch(), true)) {
            reporter.publishEntry(name, execution.plan());
        }
    }

    @ParameterizedTest
    @EnumSource(CudnnAlgorithm.class)
    void everyLegalAlgorithmAgreesWithTheReference(CudnnAlgorithm algorithm, TestReporter reporter) {
        CudnnEngine engine = new CudnnEngine(Set.of(algorithm));
        int legal = 0;
        for (String name : SHAPES) {
            EngineCase engineCase = EngineCase.parse(name);
            try {
                CheckReport report = EngineCheck.of(engineCase).run(engine, device);
                assertThat(report.passed()).as(name + "\n" + report.failures()).isTrue();
                legal++;
            } catch (GpuException.Unsupported | GpuException.Internal illegal) {
                reporter.publishEntry(algorithm + " " + name, illegal.getMessage());
            }
        }
        reporter.publishEntry(algorithm + " legal", legal + " of " + SHAPES.size());
        assertThat(algorithm != CudnnAlgorithm.STANDARD || legal == SHAPES.size())
                .as("the standard algorithm is always legal, was so for %d", legal)
                .isTrue();
    }

    @Test
    void directAndReplayedPassesGiveTheSameBits() {
        EngineCase engineCase = EngineCase.parse("lstm-L2-T24-N8-C32-H64-f16-seed11");
        CaseData data = CaseData.draw(engineCase);
        try (EngineRun run = EngineRun.open(new CudnnEngine(), device, data)) {
            PassResult first = null;
            for (int round = 0; round < 6; round++) {
                run.forward();
                run.backward();
                PassResult result = run.result();
                assertThat(result.damage()).isEmpty();
                if (first == null) {
                    first = result;
                }
                for (String tensor : first.tensors().keySet()) {
                    assertThat(result.get(tensor))
                            .as("round %d %s (%s)", round, tensor, result.plan())
                            .isEqualTo(first.get(tensor));
                }
            }
        }
    }

    @Test
    void aWholePassCanBeRecordedFromOutside() {
        RecordedPass.check(new CudnnEngine(), device, "gru-L2-T12-N8-C32-H64-drop0.3-f32-seed12");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gru-L2-T6-N3-C9-H8-f32-seed12", "lstm-bidir-L2-T6-N3-C9-H8-bf16-seed12"})
    void backwardPassesSeeTheParametersOfTheirOwnForwardPass(String name) {
        InterleavedPasses.check(new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)), device, name);
    }

    @Test
    void gradientsNobodyAskedForAreLeftOut() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 5, 6).withLayers(2);
        CaseData data = CaseData.draw(EngineCase.of(config, 4, 3, 21));
        long before = device.allocatedBytes();
        try (RnnExecution execution =
                        new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)).prepare(config, device, 4, 3, true);
                Tensor parameters = tensor(data.parameters());
                Tensor x = tensor(data.x());
                Tensor y = device.zeros(DataType.F32, 4, 3, 6);
                Tensor reserve = device.allocate(DataType.I32, execution.reserveElements());
                Tensor dy = tensor(data.dy());
                Tensor dx = device.zeros(DataType.F32, 4, 3, 5);
                Tensor gradient = device.zeros(DataType.F32, data.parameters().length);
                Tensor alone = device.zeros(DataType.F32, data.parameters().length)) {
            Tensor xShaped = x.view(0, 4, 3, 5);
            ForwardCall forward = new ForwardCall(parameters, xShaped, null, null, null, null, y, null, null, reserve);
            Tensor dyShaped = dy.view(0, 4, 3, 6);
            execution.forward(forward);
            execution.backward(new BackwardCall(forward, dyShaped, null, null, dx, null, null, gradient, false));
            execution.forward(forward);
            execution.backward(new BackwardCall(forward, dyShaped, null, null, null, null, null, alone, false));
            assertThat(alone.toFloats()).isEqualTo(gradient.toFloats());
            execution.forward(forward);
            execution.backward(new BackwardCall(forward, null, null, null, dx, null, null, alone, false));
            assertThat(alone.toFloats()).as("gradient of nothing").containsOnly(0);
            assertThat(dx.toFloats()).as("gradient of nothing").containsOnly(0);
        }
        assertThat(device.allocatedBytes()).isEqualTo(before);
    }

    @Test
    void parametersAtAnOddAddressWork() {
        RnnConfig config = RnnConfig.of(CellType.GRU, 5, 7).withDataType(DataType.BF16);
        CaseData data = CaseData.draw(EngineCase.of(config, 4, 3, 22));
        int count = data.parameters().length;
        try (RnnExecution execution =
                        new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)).prepare(config, device, 4, 3, false);
                Tensor aligned = device.allocate(DataType.BF16, count);
                Tensor odd = device.allocate(DataType.BF16, count + 1);
                Tensor x = device.allocate(DataType.BF16, 4, 3, 5);
                Tensor y = device.zeros(DataType.BF16, 4, 3, 7)) {
            aligned.copyFrom(data.parameters());
            odd.view(1, count).copyFrom(data.parameters());
            x.copyFrom(data.x());
            execution.forward(new ForwardCall(aligned, x, null, null, null, null, y, null, null, null));
            float[] expected = y.toFloats();
            y.clear();
            execution.forward(new ForwardCall(odd.view(1, count), x, null, null, null, null, y, null, null, null));
            assertThat(y.toFloats()).isEqualTo(expected);
        }
    }

    @Test
    void everyAllocationMayFail() {
        EngineCase engineCase = EngineCase.parse("lstm-L3-T7-N6-C10-H6-drop0.25-bf16-seed13");
        CaseData data = CaseData.draw(engineCase);
        PassResult expected = EngineRun.train(new CudnnEngine(), device, data);
        CudaContext context = CudaContext.of(device);
        long before = device.allocatedBytes();
        int failures = 0;
        for (int k = 1; k < 500; k++) {
            context.failAllocation(k);
            PassResult found = null;
            try {
                found = EngineRun.train(new CudnnEngine(), device, data);
            } catch (GpuException.OutOfMemory asked) {
                failures++;
            }
            boolean reached = !context.isFailurePending();
            context.failAllocation(0);
            assertThat(reached || found != null).as("allocation %d", k).isTrue();
            if (!reached) {
                assertThat(failures).isGreaterThan(5);
                for (String tensor : expected.tensors().keySet()) {
                    assertThat(found.get(tensor)).as(tensor).isEqualTo(expected.get(tensor));
                }
                return;
            }
        }
        throw new AssertionError("allocations did not end; " + (device.allocatedBytes() - before) + " bytes left over");
    }

    @Test
    void aPreparationThatFailsLeavesNothingBehind() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 33, 65).withLayers(3).withDropout(0.5);
        CudaContext context = CudaContext.of(device);
        long before = device.allocatedBytes();
        for (int k = 1; k < 100; k++) {
            context.failAllocation(k);
            boolean pending;
            try (RnnExecution execution =
                    new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)).prepare(config, device, 5, 4, true)) {
                pending = context.isFailurePending();
                assertThat(execution.reserveBytes()).isPositive();
            } catch (GpuException.OutOfMemory asked) {
                pending = false;
            }
            context.failAllocation(0);
            assertThat(device.allocatedBytes()).as("after failure %d", k).isEqualTo(before);
            if (pending) {
                return;
            }
        }
        throw new AssertionError("allocations did not end");
    }

    @Test
    void aThousandPassesAndManyExecutionsKeepTheMemoryFlat() {
        EngineCase engineCase = EngineCase.parse("lstm-L2-T7-N6-C10-H6-f32-seed14");
        CaseData data = CaseData.draw(engineCase);
        CudnnEngine engine = new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD));
        CudaContext context = CudaContext.of(device);
        EngineRun.train(engine, device, data);
        long tensors = device.allocatedBytes();
        long free = context.freeBytes();
        for (int i = 0; i < 200; i++) {
            EngineRun.train(engine, device, data);
        }
        try (EngineRun run = EngineRun.open(engine, device, data)) {
            for (int i = 0; i < 1000; i++) {
                run.forward();
                run.backward();
            }
            device.synchronize();
        }
        assertThat(device.allocatedBytes()).isEqualTo(tensors);
        assertThat(context.freeBytes()).isGreaterThan(free - (64L << 20));
    }

    @Test
    void closedExecutionsRefuseWork() {
        RnnConfig config = RnnConfig.of(CellType.RNN_RELU, 2, 3);
        RnnExecution execution = new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)).prepare(config, device, 2, 2, false);
        execution.close();
        execution.close();
        assertThatThrownBy(() -> execution.forward(null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        try (RnnExecution inference =
                new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)).prepare(config, device, 2, 2, false)) {
            assertThat(inference.reserveBytes()).isZero();
            assertThat(inference.plan()).isEqualTo("cudnn standard");
        }
    }

    @Test
    void aShapeTooLargeForTheDeviceIsOutOfMemoryAndNothingElse() {
        Assumptions.assumeTrue(CudaContext.of(device).freeBytes() < 600L << 30, "a larger device than this test knows");
        RnnConfig config =
                RnnConfig.of(CellType.LSTM, 4096, 16384).withBidirectional(true).withLayers(8);
        long before = device.allocatedBytes();
        assertThatThrownBy(() -> {
                    try (RnnExecution execution = new CudnnEngine().prepare(config, device, 4096, 256, true);
                            Tensor reserve = device.allocate(DataType.I32, execution.reserveElements())) {
                        reserve.clear();
                    }
                })
                .isInstanceOf(GpuException.class)
                .isNotInstanceOf(GpuException.DeviceLost.class);
        assertThat(device.allocatedBytes()).isEqualTo(before);
        EngineCase small = EngineCase.parse("lstm-L1-T3-N2-C4-H5-f32-seed15");
        CheckReport report = EngineCheck.of(small).run(new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD)), device);
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    private Tensor tensor(double[] values) {
        Tensor tensor = device.allocate(DataType.F32, values.length);
        tensor.copyFrom(values);
        return tensor;
    }
}
