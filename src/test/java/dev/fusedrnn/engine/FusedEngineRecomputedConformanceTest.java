package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gates computed anew in the backward pass, in each plan of the fused engine: a part of the cases that the plans are compared with
 * the reference on, and what has to be equal to the bit.
 */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FusedEngineRecomputedConformanceTest {
    /** Of so many cases one is run, and fewer of plans for which small layers take as long as large ones. */
    private static final int EACH = 3 * Integer.getInteger("fusedrnn.eachCase", 1);

    private static final int EACH_OF_WHOLE_CHIP = 5 * EACH;
    private static final long MOST_WORK = 4_000_000;
    private static final Set<FusedEngine.Plan> WHOLE_CHIP = Set.of(FusedEngine.Plan.CHIP, FusedEngine.Plan.WIDE);
    private static final List<FusedEngine.Plan> PLANS = List.of(
            FusedEngine.Plan.PRODUCTS,
            FusedEngine.Plan.STREAMED,
            FusedEngine.Plan.PERSISTENT,
            FusedEngine.Plan.CHIP,
            FusedEngine.Plan.WIDE);

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

    /** Every plan begins elsewhere, so that together they see more. */
    Stream<Arguments> cases() {
        return PLANS.stream().flatMap(plan -> {
            List<EngineCase> all = recomputed(plan);
            int each = WHOLE_CHIP.contains(plan) ? EACH_OF_WHOLE_CHIP : EACH;
            return IntStream.range(0, all.size())
                    .filter(i -> (i + 2 * plan.ordinal()) % each == 0)
                    .mapToObj(i -> Arguments.of(plan, all.get(i)));
        });
    }

    private List<EngineCase> recomputed(FusedEngine.Plan plan) {
        List<EngineCase> cases = new ArrayList<>();
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            cases.addAll(ConformanceCases.grid(type));
            cases.addAll(ConformanceCases.options(type));
            cases.addAll(ConformanceCases.lengths(type));
            for (CellType cell : CellType.values()) {
                cases.addAll(ConformanceCases.tails(cell, type, MOST_WORK));
            }
        }
        return cases.stream()
                .filter(one -> one.config().cell().gates() > 1)
                .map(one -> one.withConfig(one.config().withGateStorage(GateStorage.RECOMPUTED)))
                .filter(one ->
                        new FusedEngine(plan).capability(one.config(), device).isSupported())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(FusedEngine.Plan plan, EngineCase engineCase) {
        CheckReport report = EngineCheck.of(engineCase).run(new FusedEngine(plan), device);
        assertThat(report.plan()).contains("gates recomputed");
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    /** Each cell, with lengths, both directions and two layers among them; what the plan does not take is left out. */
    Stream<Arguments> fewCases() {
        return PLANS.stream().flatMap(plan -> Stream.of(
                        "lstm-L2-T7-N6-C10-H6-recompute-bf16-seed70",
                        "lstm-L1-T7-N3-C10-H6-lens-recompute-f32-seed71",
                        "gru-bidir-L1-T7-N3-C10-H6-lens-recompute-f16-seed72",
                        "gru-before-bidir-L2-T7-N3-C10-H6-lens-recompute-bf16-seed73")
                .map(EngineCase::parse)
                .filter(one ->
                        new FusedEngine(plan).capability(one.config(), device).isSupported())
                .map(one -> Arguments.of(plan, one)));
    }

    /** Nothing is different before the backward pass; that one gives the same bits each time, whatever lies behind the lengths. */
    @ParameterizedTest
    @MethodSource("fewCases")
    void bitsOfTheForwardPassAndOfRepetitionAreTheSame(FusedEngine.Plan plan, EngineCase engineCase) {
        FusedEngine engine = new FusedEngine(plan);
        CaseData data = CaseData.draw(engineCase);
        PassResult first = EngineRun.train(engine, device, data.withPadding(0));
        PassResult again = EngineRun.train(engine, device, data.withPadding(Double.NaN));
        first.tensors()
                .forEach((tensor, values) ->
                        assertThat(again.get(tensor)).as(tensor).isEqualTo(values));
        CaseData stored = data.withConfig(engineCase.config().withGateStorage(GateStorage.STORED));
        PassResult kept = EngineRun.train(engine, device, stored);
        Stream.of("y", "hy", "cy")
                .filter(first.tensors()::containsKey)
                .forEach(tensor -> assertThat(first.get(tensor)).as(tensor).isEqualTo(kept.get(tensor)));
    }

    /** So many samples that the sums of two steps are made at a time, and those of the third alone. */
    @Test
    void partsOfTheStepsAreTheWhole() {
        FusedEngine engine = new FusedEngine(FusedEngine.Plan.PRODUCTS);
        CaseData data = CaseData.draw(EngineCase.parse("gru-before-bidir-L1-T3-N7300-C2-H32-lens-recompute-f32-seed2"));
        CaseData stored = data.withConfig(data.config().withGateStorage(GateStorage.STORED));
        PassResult found = EngineRun.train(engine, device, data);
        EngineRun.train(engine, device, stored).tensors().forEach((tensor, values) -> {
            double[] others = found.get(tensor);
            double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
            double apart = IntStream.range(0, values.length)
                    .mapToDouble(i -> Math.abs(others[i] - values[i]))
                    .max()
                    .orElseThrow();
            assertThat(apart).as(tensor).isLessThan(1e-5 * largest);
        });
    }
}
