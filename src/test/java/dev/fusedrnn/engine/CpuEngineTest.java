package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fusedrnn.internal.blas.Blas;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuEngineTest {
    private static final int STEPS = 40;
    private static final int BATCH = 4;
    private static final long SMALLEST_OBJECT = 16;

    private final CpuEngine engine = new CpuEngine();
    private final Device device = Device.cpu();

    @AfterEach
    void close() {
        assertThat(device.allocatedBytes()).isZero();
        device.close();
    }

    @Test
    void doublesAreLeftToTheReference() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 3, 4).withDataType(DataType.F64);
        assertThat(engine.capability(config, device).reason()).contains("F32").contains("F64");
        assertThatThrownBy(() -> engine.prepare(config, device, 2, 2, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("F64");
    }

    @Test
    void sizesWhoseProductIsNoIntAreRefused() {
        RnnConfig config = RnnConfig.of(CellType.LSTM, 4, 4);
        assertThatThrownBy(() -> engine.prepare(config, device, 1 << 16, 1 << 16, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("T·N", "2147483647", "4294967296");
        assertThatThrownBy(() -> engine.prepare(RnnConfig.of(CellType.LSTM, 4, 1 << 18), device, 1, 1 << 12, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("N·rows", "2147483647");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gru-L3-T6-N3-C9-H8-f32-seed12", "lstm-bidir-L2-T6-N3-C9-H8-P4-bf16-seed12"})
    void backwardPassesSeeTheParametersOfTheirOwnForwardPass(String name) {
        InterleavedPasses.check(engine, device, name);
    }

    /** A pass makes a few tasks and views; twice the steps, so many more of them, may not make it a single object more. */
    @ParameterizedTest
    @EnumSource(CellType.class)
    void aThousandPassesAllocateNothingPerStep(CellType cell) {
        long few = allocatedPerPass(cell, STEPS, 1000);
        long many = allocatedPerPass(cell, 2 * STEPS, 200);
        assertThat(few).as("bytes per pass of %d steps", STEPS).isLessThan(16 * 1024L);
        assertThat(many - few).as("bytes that %d more steps take", STEPS).isLessThan(STEPS * SMALLEST_OBJECT);
    }

    /** Bytes that all threads together allocate for one forward and backward pass; the pool's threads live throughout. */
    private long allocatedPerPass(CellType cell, int steps, int passes) {
        RnnConfig config = RnnConfig.of(cell, 5, 8)
                .withLayers(2)
                .withBidirectional(true)
                .withDropout(0.1)
                .withZoneout(0.1)
                .withCellZoneout(cell.hasCellState() ? 0.1 : 0);
        long parameters = ParameterLayout.of(config).elements();
        try (RnnExecution execution = engine.prepare(config, device, steps, BATCH, true);
                Tensor weights = device.zeros(DataType.F32, parameters);
                Tensor x = device.zeros(DataType.F32, steps, BATCH, 5);
                Tensor hx = device.zeros(DataType.F32, 4, BATCH, 8);
                Tensor y = device.zeros(DataType.F32, steps, BATCH, 16);
                Tensor reserve = device.zeros(DataType.I32, execution.reserveElements());
                Tensor random = device.zeros(DataType.I32, 4);
                Tensor dx = device.zeros(DataType.F32, steps, BATCH, 5);
                Tensor gradients = device.zeros(DataType.F32, parameters)) {
            ForwardCall forward = new ForwardCall(weights, x, hx, null, null, random, y, null, null, reserve);
            BackwardCall backward = new BackwardCall(forward, y, null, null, dx, null, null, gradients, false);
            run(execution, forward, backward, 20);
            long before = allocated();
            run(execution, forward, backward, passes);
            return (allocated() - before) / passes;
        }
    }

    private static void run(RnnExecution execution, ForwardCall forward, BackwardCall backward, int passes) {
        for (int i = 0; i < passes; i++) {
            execution.forward(forward);
            execution.backward(backward);
        }
    }

    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = 0;
        for (long allocated : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            bytes += Math.max(allocated, 0);
        }
        return bytes;
    }

    @Test
    void aClosedExecutionSaysSo() {
        RnnExecution execution = engine.prepare(RnnConfig.of(CellType.GRU, 3, 4), device, 2, 2, false);
        assertThat(execution.workspaceBytes()).isPositive();
        assertThat(execution.reserveBytes()).isZero();
        assertThat(execution.plan()).startsWith(Blas.libraryName());
        execution.close();
        execution.close();
        assertThatThrownBy(() -> execution.forward(null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
