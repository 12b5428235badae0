package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.tensor.Device;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rule that lets honest rounding pass sees every planted fault, with a margin of at least ten. */
class SensitivityTest {
    static List<PlantedFaults.Fault> faults() {
        return PlantedFaults.all();
    }

    @ParameterizedTest
    @MethodSource("faults")
    void seesTheFaultAndOnlyTheFault(PlantedFaults.Fault fault) {
        EngineCheck check = EngineCheck.of(fault.engineCase());
        PassResult inferred = inferred(check.data());

        CheckReport honest = check.compare("honest", false, PlantedFaults.honest(check.data()), inferred);
        CheckReport faulty = check.compare("faulty", false, fault.run().apply(check.data()), inferred);

        assertThat(honest.passed()).as(honest.failures()).isTrue();
        assertThat(faulty.passed()).isFalse();
        assertThat(faulty.worst().ratio()).as(faulty.worst().toString()).isGreaterThanOrEqualTo(10);
    }

    @Test
    void seesAGradientThatOverwritesInsteadOfAdding() {
        EngineCheck check = EngineCheck.of(EngineCase.parse("gru-L1-T7-N6-C10-H6-f32-seed33"));
        CaseData data = check.data();
        PassResult first = PlantedFaults.honest(CaseEdits.samples(data, 0, 3));
        PassResult second = PlantedFaults.honest(CaseEdits.samples(data, 3, 6));
        double[] added = CaseEdits.flatGradient(data.config(), first);
        double[] overwritten = CaseEdits.flatGradient(data.config(), second);
        for (int i = 0; i < added.length; i++) {
            added[i] += overwritten[i];
        }
        assertThat(check.compareGradient(added)).isNotEmpty().allMatch(TensorError::passed);
        assertThat(check.compareGradient(overwritten)).allMatch(error -> error.ratio() >= 10);
    }

    @Test
    void countsTheFaults() {
        assertThat(faults()).hasSize(25);
    }

    private static PassResult inferred(CaseData data) {
        try (Device cpu = Device.cpu()) {
            return EngineRun.infer(ReferenceEngine.rounding(), cpu, data);
        }
    }
}
