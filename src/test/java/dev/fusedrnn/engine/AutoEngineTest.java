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

    private static AutoEngine.Measured measured(int place, float milliseconds, float... result) {
        return new AutoEngine.Measured(place, milliseconds, List.of(result));
    }

    private int choose(AutoEngine.Measured... measured) {
        return AutoEngine.choose(config, List.of(measured));
    }

    @Test
    void takesTheFastestWhoseResultsAnotherConfirms() {
        assertThat(choose(measured(0, 1, 1, 2), measured(1, 3, 1, 2), measured(2, 2, 1, 2)))
                .isZero();
        assertThat(choose(measured(0, 1, 1, 2.1f), measured(1, 3, 1, 2), measured(2, 2, 1, 2)))
                .isEqualTo(2);
        assertThat(choose(measured(0, 1, Float.NaN, 2), measured(1, 3, 1, 2), measured(2, 2, 1, 2)))
                .isEqualTo(2);
    }

    @Test
    void noiseDoesNotMoveTheChoiceDownTheList() {
        assertThat(choose(measured(0, 1, 1), measured(1, 0.97f, 1))).isZero();
        assertThat(choose(measured(0, 1, 1), measured(1, 0.9f, 1))).isEqualTo(1);
    }

    @Test
    void takesThePlainestWhereNoTwoAgreeAndTheFirstWhereNoneCouldBeMeasured() {
        assertThat(choose(measured(0, 1, 1), measured(1, 2, 2), measured(3, 3, 3)))
                .isEqualTo(3);
        assertThat(choose(measured(2, 1, 1))).isEqualTo(2);
        assertThat(choose()).isZero();
    }
}
