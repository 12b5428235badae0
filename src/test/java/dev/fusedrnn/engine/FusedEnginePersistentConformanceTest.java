package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("gpu")
class FusedEnginePersistentConformanceTest extends EngineConformance {
    @Override
    protected RecurrentEngine engine() {
        return new FusedEngine(FusedEngine.Plan.PERSISTENT);
    }

    @Override
    protected Device openDevice() {
        return Device.cuda(0);
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.F32, DataType.BF16, DataType.F16);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of("no persistent kernel");
    }

    @Override
    protected long mostWork() {
        return Gpu.isSimulated() ? 4_000_000 : 400_000_000;
    }

    @Override
    protected int repeats() {
        return Gpu.isSimulated() ? 5 : 100;
    }

    /** More units than a cluster holds. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lstm-L1-T3-N2-C24-H520-bf16-seed1",
                "lstm-bidir-L1-T4-N3-C24-H520-clip0.4-lens-f16-seed2",
                "lstm-L1-T2-N9-C16-H1030-nobias-nostate-bf16-seed3",
                "gru-L1-T3-N2-C24-H520-f16-seed4",
                "gru-bidir-L2-T4-N3-C24-H520-lens-bf16-seed5",
                "gru-L1-T2-N9-C16-H1030-nobias-nostate-f16-seed6"
            })
    void theWholeChipAgreesWithTheReference(String name) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(engine(), device());
        assertThat(report.plan()).contains("chip-wide");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }
}
