package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EngineCheckTest {
    private final Device cpu = Device.cpu();

    @AfterEach
    void everythingWasFreed() {
        assertThat(cpu.allocatedBytes()).isZero();
        cpu.close();
    }

    @Test
    void comparesEveryTensorOfATrainingAndAnInferencePass() {
        EngineCase engineCase = EngineCase.parse("lstm-L1-T4-N3-C2-H5-P2-lens-f32-seed5");
        CheckReport report = EngineCheck.run(new ReferenceEngine(), cpu, engineCase);
        assertThat(report.passed()).as(report.failures()).isTrue();
        assertThat(report.name()).isEqualTo(engineCase.name());
        assertThat(report.engine()).isEqualTo("reference");
        assertThat(report.failures()).isEmpty();
        assertThat(report.tensors())
                .extracting(TensorError::tensor)
                .containsExactly(
                        "y",
                        "hy",
                        "cy",
                        "dx",
                        "dhx",
                        "dcx",
                        "d_weight_ih_l0",
                        "d_weight_hh_l0",
                        "d_weight_hr_l0",
                        "d_bias_ih_l0",
                        "d_bias_hh_l0",
                        "y (inference)",
                        "hy (inference)",
                        "cy (inference)",
                        "y (padding)",
                        "dx (padding)");
    }

    @Test
    void dataThatDoesNotFitLeavesNothingBehind() {
        CaseData data = CaseData.draw(EngineCase.parse("gru-L1-T4-N3-C2-H5-f32-seed5"));
        assertThatThrownBy(() -> EngineRun.train(new ReferenceEngine(), cpu, data.withInput(new double[5])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("24");
    }

    @Test
    void inferenceDropsNothing() {
        EngineCase engineCase = EngineCase.parse("gru-L2-T4-N3-C2-H5-drop0.5-f32-seed5");
        CaseData data = CaseData.draw(engineCase);
        PassResult trained = EngineRun.train(new ReferenceEngine(), cpu, data);
        PassResult inferred = EngineRun.infer(new ReferenceEngine(), cpu, data);
        PassResult without = EngineRun.infer(
                new ReferenceEngine(), cpu, data.withConfig(data.config().withDropout(0)));
        assertThat(inferred.get("y")).isEqualTo(without.get("y")).isNotEqualTo(trained.get("y"));
        assertThat(EngineCheck.run(new ReferenceEngine(), cpu, engineCase).passed())
                .isTrue();
    }

    @Test
    void droppingEverythingLeavesTheUpperLayerItsBiasAndState() {
        CaseData data = CaseData.draw(EngineCase.parse("gru-L2-T4-N3-C2-H5-drop1.0-f64-seed5"));
        PassResult result = EngineRun.train(new ReferenceEngine(), cpu, data);
        assertThat(Arrays.stream(result.get("d_weight_ih_l1"))).allMatch(value -> value == 0);
        assertThat(Arrays.stream(result.get("d_bias_ih_l1"))).noneMatch(value -> value == 0);
        assertThat(Arrays.stream(result.get("y"))).allMatch(Double::isFinite);
    }

    @Test
    void guardsSeeWritesOnEitherSideAndStartAsNan() {
        for (DataType type : List.of(DataType.F64, DataType.F32, DataType.BF16, DataType.F16)) {
            try (GuardedTensor guarded = new GuardedTensor("y", cpu, type, 2, 3)) {
                assertThat(guarded.tensor().toDoubles()).hasSize(6).containsOnly(Double.NaN);
                guarded.tensor().copyFrom(new double[6]);
                assertThat(guarded.damage()).isEmpty();
                guarded.around(-1).copyFrom(new double[] {1});
                assertThat(guarded.damage())
                        .hasValueSatisfying(text -> assertThat(text).contains("guard before y"));
            }
            try (GuardedTensor guarded = new GuardedTensor("dx", cpu, type, 5)) {
                guarded.around(5).copyFrom(new double[] {Double.NaN});
                assertThat(guarded.damage())
                        .hasValueSatisfying(text -> assertThat(text).contains("element 0 of the guard behind dx"));
            }
        }
    }

    @Test
    void damageFailsAReport() {
        EngineCheck check = EngineCheck.of(EngineCase.parse("gru-L1-T2-N2-C2-H3-f32-seed5"));
        PassResult honest = EngineRun.train(new ReferenceEngine(), cpu, check.data());
        PassResult inferred = EngineRun.infer(new ReferenceEngine(), cpu, check.data());
        PassResult damaging = new PassResult(honest.tensors(), List.of("guard behind y was written"), "");
        assertThat(check.compare("engine", false, honest, inferred).passed()).isTrue();
        CheckReport report = check.compare("engine", false, damaging, inferred);
        assertThat(report.passed()).isFalse();
        assertThat(report.failures()).contains("guard behind y was written");
    }

    @Test
    void worstIsTheLargestErrorForItsBound() {
        TensorError small = new TensorError("y", 3, 1e-6, 1e-4, "", 0, 0);
        TensorError large = new TensorError("hy", 3, 1e-7, 1e-8, "", 0, 0);
        TensorError empty = new TensorError("cy", 0, 0, 1, "", 0, 0);
        assertThat(report(small, large).worst()).isEqualTo(large);
        assertThat(report(small, empty).worst()).isEqualTo(empty);
        assertThat(report(small, empty).passed()).isFalse();
        assertThat(report().passed()).isFalse();
        assertThatThrownBy(() -> report().worst()).isInstanceOf(IllegalStateException.class);
    }

    private static CheckReport report(TensorError... errors) {
        return new CheckReport("case", "engine", "plan", List.of(errors), List.of());
    }
}
