package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class CudnnEngineTest {
    private final RnnConfig config = RnnConfig.of(CellType.GRU, 3, 5);
    private final CudnnEngine engine = new CudnnEngine();

    @Test
    void saysWhyTheCpuIsNoPlaceForIt() {
        try (Device cpu = Device.cpu()) {
            assertThat(engine.capability(config, cpu).reason())
                    .isEqualTo("the cudnn engine needs a CUDA device, found cpu");
            assertThatThrownBy(() -> engine.prepare(config, cpu, 2, 2, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(engine.capability(config, cpu).reason());
        }
    }

    @Test
    void saysWhatCudnnCannotDo() {
        try (Device cpu = Device.cpu()) {
            RnnConfig before = config.withGruVariant(GruVariant.RESET_BEFORE);
            assertThat(engine.capability(before, cpu).reason()).contains("RESET_BEFORE");
            assertThat(engine.capability(config.withZoneout(0.1), cpu).reason()).isEqualTo("cuDNN has no zoneout");
            assertThat(engine.capability(config.withDataType(DataType.F64), cpu).reason())
                    .contains("F64");
        }
    }

    @Test
    void withoutAGpuTheLibraryIsMissingForAReason() {
        Assumptions.assumeFalse(Device.gpuReasons().isEmpty(), "this machine has a GPU");
        assertThat(CudnnEngine.missing()).contains(Device.gpuReasons().get(0));
        assertThat(CudnnEngine.version()).isEmpty();
    }

    @Test
    void someAlgorithmIsNeeded() {
        assertThatThrownBy(() -> new CudnnEngine(Set.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
