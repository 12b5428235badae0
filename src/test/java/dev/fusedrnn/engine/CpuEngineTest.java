package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuEngineTest {
    private static final int STEPS = 40;

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

    /** A time step may not make a single object: a pass of 40 steps gets by with what a few tasks and views need. */
    @ParameterizedTest
    @EnumSource(CellType.class)
    void aThousandPassesAllocateNothingPerStep(CellType cell) {
        RnnConfig config = RnnConfig.of(cell, 5, 8).withLayers(2).withBidirectional(true);
        CaseData data = CaseData.draw(EngineCase.of(config, STEPS, 4, 1));
        try (EngineRun run = EngineRun.open(engine, device, data)) {
            run.forward();
            long first = allocatedBy(run, 100);
            long later = allocatedBy(run, 1000) / 10;
            assertThat(later).isLessThanOrEqualTo(first + 100 * 1024L);
            assertThat(later / 100).as("bytes per pass of %d steps", STEPS).isLessThan(16 * 1024L);
        }
    }

    private static long allocatedBy(EngineRun run, int passes) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        for (int i = 0; i < passes; i++) {
            run.forward();
        }
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    @Test
    void aClosedExecutionSaysSo() {
        RnnExecution execution = engine.prepare(RnnConfig.of(CellType.GRU, 3, 4), device, 2, 2, false);
        assertThat(execution.workspaceBytes()).isPositive();
        assertThat(execution.reserveBytes()).isZero();
        assertThat(execution.plan()).contains("threads");
        execution.close();
        execution.close();
        assertThatThrownBy(() -> execution.forward(null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
