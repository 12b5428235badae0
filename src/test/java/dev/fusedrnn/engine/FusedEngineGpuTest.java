package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is the fused engine's own on a device: recording from outside, by either plan. */
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
        "PERSISTENT, lstm-bidir-L2-T9-N5-C32-H64-bf16-seed13"
    })
    void aWholePassCanBeRecordedFromOutside(FusedEngine.Plan plan, String name) {
        FusedEngine engine = new FusedEngine(plan);
        assertThat(engine.capability(EngineCase.parse(name).config(), device).reason())
                .isEmpty();
        RecordedPass.check(engine, device, name);
    }

    @ParameterizedTest
    @CsvSource({
        "STREAMED, gru-L3-T6-N3-C9-H8-f32-seed12",
        "STREAMED, lstm-bidir-L2-T6-N3-C9-H8-P4-bf16-seed12",
        "PERSISTENT, lstm-bidir-L3-T6-N3-C9-H8-bf16-seed12"
    })
    void backwardPassesSeeTheParametersOfTheirOwnForwardPass(FusedEngine.Plan plan, String name) {
        InterleavedPasses.check(new FusedEngine(plan), device, name);
    }
}
