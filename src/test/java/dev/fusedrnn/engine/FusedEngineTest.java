package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.Device;
import org.junit.jupiter.api.Test;

class FusedEngineTest {
    private final RnnConfig config = RnnConfig.of(CellType.LSTM, 3, 5);

    @Test
    void saysWhyTheCpuIsNoPlaceForIt() {
        try (Device cpu = Device.cpu()) {
            Capability capability = new FusedEngine().capability(config, cpu);

            assertThat(capability.isSupported()).isFalse();
            assertThat(capability.reason()).isEqualTo("the fused engine needs a CUDA device, this is cpu");
        }
    }

    @Test
    void refusesToPrepareWhatItCannotRun() {
        try (Device cpu = Device.cpu()) {
            assertThatThrownBy(() -> new FusedEngine().prepare(config, cpu, 2, 2, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("needs a CUDA device");
        }
    }
}
