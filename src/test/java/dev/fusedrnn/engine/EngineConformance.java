package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.GoldenCase;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every engine has to pass; a subclass names the engine, its device and its data types. All outputs and the reserve
 * start as NaN between guard bands in every run.
 */
public abstract class EngineConformance extends EngineIdentities {
    /** System property: only each such case is run. With a number prime to the sizes of the grids every option still occurs. */
    private static final int EACH = Integer.getInteger("fusedrnn.eachCase", 1);

    /** The most multiplications of a case of odd sizes; the references of a case of 1e8 take about a second. */
    protected long mostWork() {
        return 20_000_000;
    }

    /** How often a pass is repeated to see the same bits. */
    protected int repeats() {
        return 10;
    }

    Stream<EngineCase> gridCases() {
        return each(ConformanceCases::grid);
    }

    Stream<EngineCase> optionCases() {
        return each(ConformanceCases::options);
    }

    Stream<EngineCase> lengthCases() {
        return each(ConformanceCases::lengths);
    }

    Stream<EngineCase> fewCases() {
        return each(ConformanceCases::few);
    }

    Stream<Arguments> specialValueCases() {
        double[] values = {1e20, -1e20, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 1e-40};
        return thinned(all(ConformanceCases::few)
                .filter(engineCase -> engineCase.config().cell() != CellType.RNN_RELU)
                .flatMap(engineCase -> DoubleStream.of(values).boxed().flatMap(value -> Stream.of(Place.values())
                        .map(place -> Arguments.of(engineCase, value, place)))));
    }

    /** Where an extreme value is put. */
    enum Place {
        X,
        HX,
        WEIGHT
    }

    /** Saturation, infinities, NaN and denormal numbers end up as they do in the reference. */
    @ParameterizedTest
    @MethodSource("specialValueCases")
    void extremeValuesHaveTheReferencesClass(EngineCase engineCase, double value, Place place) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        double[] changed =
                switch (place) {
                    case X -> data.x();
                    case HX -> data.hx();
                    case WEIGHT -> data.parameters();
                };
        changed[0] = value;
        check(EngineCheck.of(engineCase + " with " + place + " " + value, data));
    }

    Stream<EngineCase> tailCases() {
        return thinned(Stream.of(CellType.values())
                .flatMap(cell -> all(type -> ConformanceCases.tails(cell, type, mostWork()))));
    }

    private Stream<EngineCase> each(Function<DataType, List<EngineCase>> cases) {
        return thinned(all(cases));
    }

    private Stream<EngineCase> all(Function<DataType, List<EngineCase>> cases) {
        return dataTypes().stream().flatMap(type -> cases.apply(type).stream());
    }

    private static <T> Stream<T> thinned(Stream<T> cases) {
        List<T> list = cases.toList();
        return IntStream.range(0, list.size()).filter(i -> i % EACH == 0).mapToObj(list::get);
    }

    @ParameterizedTest
    @MethodSource({"gridCases", "optionCases", "lengthCases", "tailCases"})
    void agreesWithTheReference(EngineCase engineCase) {
        requireSupport(engineCase.config());
        check(EngineCheck.of(engineCase));
    }

    List<Path> goldenFiles() {
        return SharedData.goldenCases();
    }

    @ParameterizedTest
    @MethodSource("goldenFiles")
    void agreesWithAnIndependentSystem(Path file) throws IOException {
        GoldenCase golden = GoldenCase.read(file);
        for (DataType type : dataTypes()) {
            requireSupport(golden.data().config().withDataType(type));
            check(EngineCheck.of(golden, type));
        }
    }

    @ParameterizedTest
    @MethodSource("lengthCases")
    void paddingHasNoInfluence(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        PassResult zeros = EngineRun.train(engine(), device(), data.withPadding(0));
        PassResult nans = EngineRun.train(engine(), device(), data.withPadding(Double.NaN));
        zeros.tensors()
                .forEach((tensor, values) ->
                        assertThat(nans.get(tensor)).as(tensor).isEqualTo(values));
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void zeroStateIsNoState(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        CaseData none = data.withState(null, null);
        CaseData zeros = data.withState(zerosLike(data.hx()), zerosLike(data.cx()));
        PassResult without = EngineRun.train(engine(), device(), none);
        PassResult with = EngineRun.train(engine(), device(), zeros);
        without.tensors()
                .forEach((tensor, values) ->
                        assertThat(with.get(tensor)).as(tensor).isEqualTo(values));
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void repetitionGivesTheSameBits(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        PassResult first = EngineRun.train(engine(), device(), data);
        for (int i = 1; i < repeats(); i++) {
            PassResult again = EngineRun.train(engine(), device(), data);
            first.tensors()
                    .forEach((tensor, values) ->
                            assertThat(again.get(tensor)).as(tensor).isEqualTo(values));
        }
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void theReserveBelongsToItsForwardCall(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        EngineCase other = EngineCase.of(engineCase.config(), engineCase.steps(), engineCase.batch(), 99);
        PassResult alone = EngineRun.train(engine(), device(), data);
        try (RnnExecution execution = engine().prepare(data.config(), device(), data.steps(), data.batch(), true);
                EngineRun first = EngineRun.open(execution, device(), data);
                EngineRun second = EngineRun.open(execution, device(), CaseData.draw(other))) {
            first.forward();
            second.forward();
            first.backward();
            alone.tensors()
                    .forEach((tensor, values) ->
                            assertThat(first.result().get(tensor)).as(tensor).isEqualTo(values));
        }
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void twoMicroBatchesAreOneBatch(EngineCase engineCase) {
        requireSupport(engineCase.config());
        EngineCheck check = EngineCheck.of(engineCase);
        CaseData data = check.data();
        int half = data.batch() / 2;
        PassResult first = EngineRun.train(engine(), device(), CaseEdits.samples(data, 0, half));
        double[] start = CaseEdits.flatGradient(data.config(), first);
        try (EngineRun second = EngineRun.open(engine(), device(), CaseEdits.samples(data, half, data.batch()))) {
            second.forward();
            second.backwardAccumulating(start);
            double[] sum = CaseEdits.flatGradient(data.config(), second.result());
            assertThat(check.compareGradient(sum).stream().filter(error -> !error.passed()))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void samplesDoNotSeeEachOther(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        for (int n = 0; n < data.batch(); n++) {
            check(EngineCheck.of(engineCase + " sample " + n, CaseEdits.samples(data, n, n + 1)));
        }
    }

    @ParameterizedTest
    @MethodSource("fewCases")
    void inferenceMayReplaceTheStateInPlace(EngineCase engineCase) {
        requireSupport(engineCase.config());
        CaseData data = CaseData.draw(engineCase);
        PassResult apart = EngineRun.infer(engine(), device(), data);
        PassResult inPlace = EngineRun.inferInPlace(engine(), device(), data);
        apart.tensors()
                .forEach((tensor, values) ->
                        assertThat(inPlace.get(tensor)).as(tensor).isEqualTo(values));
    }

    private void check(EngineCheck check) {
        CheckReport report = check.run(engine(), device());
        assertThat(report.tensors()).isNotEmpty();
        assertThat(report.passed()).as(report.failures()).isTrue();
    }

    private static double[] zerosLike(double[] values) {
        return values == null ? null : new double[values.length];
    }
}
