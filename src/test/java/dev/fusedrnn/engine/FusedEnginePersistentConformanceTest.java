package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FusedEnginePersistentConformanceTest extends FusedEngineConformance {
    FusedEnginePersistentConformanceTest() {
        super(FusedEngine.Plan.PERSISTENT);
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
