package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("gpu")
class AutoEngineGpuTest {
    @ParameterizedTest
    @EnumSource(CellType.class)
    void whateverItTakesAgreesWithTheReference(CellType cell) {
        RnnConfig config = RnnConfig.of(cell, 24, 40).withLayers(2).withDataType(DataType.BF16);
        EngineCase engineCase = EngineCase.of(config, 9, 5, 3);
        try (Device gpu = Device.cuda(0)) {
            assertThat(EngineCheck.run(new AutoEngine(), gpu, engineCase).failures())
                    .isEmpty();
            assertThat(EngineCheck.run(new AutoEngine(), gpu, engineCase).passed())
                    .isTrue();
        }
    }

    /** Long enough for a wavefront to promise something. */
    @Test
    void theOrderOfLayersIsMeasuredToo() {
        AutoEngine auto = new AutoEngine(List.of(
                new FusedEngine(FusedEngine.Plan.CLUSTER),
                new FusedEngine(FusedEngine.Plan.CLUSTER, FusedEngine.Layers.CHOSEN)));
        EngineCase engineCase = EngineCase.parse("lstm-L2-T130-N2-C8-H16-bf16-seed4");
        try (Device gpu = Device.cuda(0)) {
            CheckReport report = EngineCheck.run(auto, gpu, engineCase);
            assertThat(report.failures()).isEmpty();
            assertThat(report.plan()).startsWith("fused cluster of ");
        }
    }
}
