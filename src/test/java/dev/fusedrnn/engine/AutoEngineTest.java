package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;
import org.junit.jupiter.api.Test;

class AutoEngineTest {
    private final RnnConfig config = RnnConfig.of(CellType.GRU, 3, 4);

    @Test
    void takesTheFirstThatCanOnTheCpu() {
        try (Device cpu = Device.cpu();
                RnnExecution execution = new AutoEngine().prepare(config, cpu, 2, 2, true);
                RnnExecution own = new CpuEngine().prepare(config, cpu, 2, 2, true)) {
            assertThat(execution.plan()).isEqualTo(own.plan());
        }
    }

    @Test
    void passesOverAnEngineThatCannot() {
        RnnConfig wide = config.withDataType(DataType.F64);
        try (Device cpu = Device.cpu();
                RnnExecution execution = new AutoEngine().prepare(wide, cpu, 2, 2, false);
                RnnExecution own = new ReferenceEngine().prepare(wide, cpu, 2, 2, false)) {
            assertThat(execution.plan()).isEqualTo(own.plan());
        }
    }

    @Test
    void givesEveryReasonWhereNoneCan() {
        AutoEngine gpuOnly = new AutoEngine(List.of(new FusedEngine(), new CudnnEngine()));
        try (Device cpu = Device.cpu()) {
            assertThat(gpuOnly.capability(config, cpu).reason())
                    .contains("fused: the fused engine needs a CUDA device")
                    .contains("cudnn: the cudnn engine needs a CUDA device");
            assertThatThrownBy(() -> gpuOnly.prepare(config, cpu, 2, 2, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("needs a CUDA device");
        }
    }
}
