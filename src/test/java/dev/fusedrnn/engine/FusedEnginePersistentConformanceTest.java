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

    /** Two products and two exchanges per step, in clusters alone: each compiled size, with tails of units and samples. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "gru-before-L1-T4-N9-C24-H128-bf16-seed11",
                "gru-before-bidir-L2-T4-N5-C24-H61-lens-f16-seed12",
                "gru-before-L2-T3-N9-C16-H250-nostate-bf16-seed13",
                "gru-before-bidir-L1-T3-N3-C16-H256-nobias-lens-f16-seed14",
                "gru-before-L1-T3-N4-C16-H380-lens-recompute-bf16-seed15",
                "gru-before-L1-T2-N3-C16-H509-nostate-f16-seed16"
            })
    void aResetBeforeTheProductAgreesWithTheReference(String name) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(engine(), device());
        assertThat(report.plan()).contains("cluster of");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    /** Every kernel that zones out, with units that fill blocks of the mask and such that do not, and several n-tiles. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lstm-L1-T4-N11-C8-H64-zone0.3-czone0.4-lens-bf16-seed7",
                "lstm-bidir-L1-T4-N3-C8-H250-zone0.3-czone0.4-clip0.5-lens-f16-seed8",
                "lstm-L1-T3-N5-C8-H256-zone0.5-nostate-bf16-seed9",
                "lstm-L1-T3-N3-C8-H509-zone0.2-czone0.5-bf16-seed10",
                "gru-bidir-L1-T4-N11-C8-H126-zone0.3-lens-bf16-seed11",
                "gru-L1-T3-N5-C8-H256-zone0.4-f16-seed12",
                "gru-L1-T3-N3-C8-H510-zone0.4-lens-bf16-seed13",
                "rnn_tanh-bidir-L1-T4-N11-C8-H128-zone0.3-lens-bf16-seed14",
                "rnn_relu-L1-T3-N5-C8-H511-zone0.4-f16-seed15",
                "lstm-bidir-L1-T4-N11-C8-H64-zone0.3-czone0.4-lens-f32-seed16",
                "lstm-L1-T3-N3-C8-H250-czone0.4-clip0.5-f32-seed17",
                "lstm-L1-T3-N3-C8-H510-zone0.3-czone0.2-f32-seed18",
                "gru-bidir-L1-T4-N11-C8-H126-zone0.3-lens-f32-seed19",
                "gru-L1-T3-N5-C8-H256-zone0.4-f32-seed20",
                "gru-L1-T3-N3-C8-H509-zone0.4-lens-f32-seed21",
                "rnn_tanh-bidir-L1-T4-N11-C8-H128-zone0.3-lens-f32-seed22",
                "rnn_relu-L1-T3-N5-C8-H511-zone0.4-f32-seed23",
                "lstm-bidir-L1-T4-N5-C8-H30-zone0.3-czone0.4-lens-recompute-bf16-seed24",
                "gru-L2-T4-N5-C8-H31-zone0.3-lens-recompute-f32-seed25"
            })
    void clustersZoneOut(String name) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(engine(), device());
        assertThat(report.plan()).contains("cluster of").doesNotContain("streamed");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    /**
     * Every compiled size, both directions, lengths, clip and several layers. With ReLU no sum of these cases is so near to zero that
     * the rounding of factors decides whether a gradient passes.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lstm-L1-T5-N3-C10-H6-tf32-f32-seed1",
                "lstm-bidir-L2-T7-N6-C17-H100-clip0.4-lens-tf32-f32-seed2",
                "lstm-L2-T4-N9-C16-H130-nobias-drop0.25-nostate-tf32-f32-seed3",
                "lstm-L1-T3-N2-C24-H300-lens-tf32-recompute-f32-seed4",
                "gru-bidir-L2-T7-N6-C10-H34-lens-tf32-f32-seed5",
                "gru-L1-T5-N12-C10-H201-nobias-tf32-f32-seed6",
                "gru-L1-T3-N2-C24-H300-nostate-tf32-f32-seed7",
                "rnn_tanh-bidir-L2-T5-N11-C10-H65-lens-tf32-f32-seed8",
                "rnn_relu-L1-T4-N3-C10-H300-tf32-f32-seed10",
                "rnn_relu-L1-T4-N3-C10-H34-tf32-f32-seed9"
            })
    void tf32ProductsAgreeWithTheReference(String name) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(engine(), device());
        assertThat(report.plan()).contains("cluster of").contains("TF32");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lstm-L1-T5-N3-C10-H6-tf32-bf16-seed1",
                "lstm-L1-T5-N3-C10-H6-f32-seed1",
                "gru-L1-T4-N3-C10-H9-zone0.3-tf32-f32-seed2"
            })
    void tf32IsForF32ThatAsksForIt(String name) {
        CheckReport report = EngineCheck.of(EngineCase.parse(name)).run(engine(), device());
        assertThat(report.plan()).contains("cluster of").doesNotContain("TF32");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }
}
