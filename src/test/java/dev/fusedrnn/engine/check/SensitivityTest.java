package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rule that lets honest rounding pass sees every planted fault, with a margin of at least ten in every type but for one. */
class SensitivityTest {
    static Stream<Arguments> faultsInEveryType() {
        return PlantedFaults.all().stream().flatMap(fault -> types(fault).map(type -> Arguments.of(fault, type)));
    }

    private static Stream<DataType> types(PlantedFaults.Fault fault) {
        DataType own = fault.engineCase().config().dataType();
        return own == DataType.F32 ? Stream.of(DataType.F32, DataType.F16, DataType.BF16) : Stream.of(own);
    }

    @ParameterizedTest
    @MethodSource("faultsInEveryType")
    void seesTheFaultAndOnlyTheFault(PlantedFaults.Fault fault, DataType type) {
        EngineCase engineCase = fault.engineCase();
        EngineCheck check =
                EngineCheck.of(engineCase.withConfig(engineCase.config().withDataType(type)));
        PassResult inferred = inferred(check.data());

        CheckReport honest = check.compare("honest", false, PlantedFaults.honest(check.data()), inferred);
        CheckReport faulty = check.compare("faulty", false, fault.run().apply(check.data()), inferred);

        assertThat(honest.passed()).as(honest.failures()).isTrue();
        assertThat(faulty.passed()).isFalse();
        assertThat(faulty.worst().ratio()).as(faulty.worst().toString()).isGreaterThanOrEqualTo(margin(fault, type));
    }

    /** With bf16's eight bits a single unit that is not seen stands out less than tenfold from honest rounding. */
    private static double margin(PlantedFaults.Fault fault, DataType type) {
        return type == DataType.BF16 && fault.name().startsWith("missing sync") ? 5 : 10;
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
        assertThat(PlantedFaults.all()).hasSize(28);
        assertThat(faultsInEveryType()).hasSize(82);
    }

    private static PassResult inferred(CaseData data) {
        try (Device cpu = Device.cpu()) {
            return EngineRun.infer(ReferenceEngine.rounding(), cpu, data);
        }
    }
}
