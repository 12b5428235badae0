package dev.fusedrnn.engine;

import static dev.fusedrnn.engine.Blocks.beside;
import static dev.fusedrnn.engine.Blocks.half;
import static dev.fusedrnn.engine.Blocks.halves;
import static dev.fusedrnn.engine.Blocks.joined;
import static dev.fusedrnn.engine.Blocks.permuteColumns;
import static dev.fusedrnn.engine.Blocks.permuteRows;
import static dev.fusedrnn.engine.Blocks.swapHalves;
import static dev.fusedrnn.engine.Blocks.third;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.kernel.DropoutMask;
import dev.fusedrnn.kernel.ZoneoutMask;
import dev.fusedrnn.tensor.DataType;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Equations between different runs of one engine, which hold whatever the reference says. */
public abstract class EngineIdentities extends EngineSuite {
    private static final int STEPS = 7;
    private static final int BATCH = 4;
    private static final int INPUT = 5;
    private static final int HIDDEN = 6;

    Stream<EngineCase> plainCases() {
        return dataTypes().stream().flatMap(type -> Stream.of(CellType.values()).map(cell -> {
            RnnConfig config = RnnConfig.of(cell, INPUT, HIDDEN).withDataType(type);
            return EngineCase.of(config, STEPS, BATCH, 90);
        }));
    }

    Stream<EngineCase> raggedCases() {
        return plainCases().map(plain -> plain.withLengths(3, 7, 1, 5));
    }

    Stream<EngineCase> casesWithOneProduct() {
        return plainCases().filter(plain -> plain.config().cell() != CellType.GRU);
    }

    /** Both directions on reversed input are the two directions exchanged. */
    @ParameterizedTest
    @MethodSource("raggedCases")
    void reversingTimeSwapsDirections(EngineCase engineCase) {
        RnnConfig c = engineCase.config().withBidirectional(true);
        CaseData data = drawSupported(engineCase.withConfig(c));
        double[] swapped = new double[data.parameters().length];
        CaseEdits.copyLayer(c, data.parameters(), 0, 0, c, swapped, 0, 1);
        CaseEdits.copyLayer(c, data.parameters(), 0, 1, c, swapped, 0, 0);
        CaseData mirrored = data.withParameters(swapped)
                .withInput(CaseEdits.reversedInTime(data, data.x(), INPUT))
                .withState(swapHalves(data.hx(), data.hx().length / 2), halves(data.cx()))
                .withGradients(
                        swapHalves(CaseEdits.reversedInTime(data, data.dy(), 2 * HIDDEN), HIDDEN),
                        halves(data.dhy()),
                        halves(data.dcy()));
        PassResult straight = train(data);
        PassResult other = train(mirrored);
        close(c, straight.get("y"), swapHalves(CaseEdits.reversedInTime(data, other.get("y"), 2 * HIDDEN), HIDDEN));
        close(c, straight.get("dx"), CaseEdits.reversedInTime(data, other.get("dx"), INPUT));
        close(c, straight.get("hy"), halves(other.get("hy")));
        close(c, straight.get("dhx"), halves(other.get("dhx")));
        close(c, straight.get("d_weight_hh_l0"), other.get("d_weight_hh_l0_reverse"));
        close(c, straight.get("d_bias_ih_l0_reverse"), other.get("d_bias_ih_l0"));
    }

    /** A bidirectional layer is two layers, one of them on reversed input; each sample is reversed within its length. */
    @ParameterizedTest
    @MethodSource("raggedCases")
    void bothDirectionsAreTwoRuns(EngineCase engineCase) {
        RnnConfig one = engineCase.config();
        RnnConfig both = one.withBidirectional(true);
        CaseData data = drawSupported(engineCase.withConfig(both));
        PassResult joint = train(data);
        for (int direction = 0; direction < 2; direction++) {
            double[] parameters = new double[CaseEdits.parameterCount(one)];
            CaseEdits.copyLayer(both, data.parameters(), 0, direction, one, parameters, 0, 0);
            double[] dy = CaseEdits.columns(data.dy(), 2 * HIDDEN, direction * HIDDEN, (direction + 1) * HIDDEN);
            boolean back = direction == 1;
            CaseData single = data.withConfig(one)
                    .withParameters(parameters)
                    .withInput(back ? CaseEdits.reversedInTime(data, data.x(), INPUT) : data.x())
                    .withState(half(data.hx(), direction), half(data.cx(), direction))
                    .withGradients(
                            back ? CaseEdits.reversedInTime(data, dy, HIDDEN) : dy,
                            half(data.dhy(), direction),
                            half(data.dcy(), direction));
            PassResult alone = train(single);
            double[] y = CaseEdits.columns(joint.get("y"), 2 * HIDDEN, direction * HIDDEN, (direction + 1) * HIDDEN);
            close(one, y, back ? CaseEdits.reversedInTime(data, alone.get("y"), HIDDEN) : alone.get("y"));
            close(one, half(joint.get("hy"), direction), alone.get("hy"));
            String suffix = back ? "_reverse" : "";
            close(one, joint.get("d_weight_ih_l0" + suffix), alone.get("d_weight_ih_l0"));
            close(one, joint.get("d_weight_hh_l0" + suffix), alone.get("d_weight_hh_l0"));
        }
    }

    /** Three layers are three calls, each reading what the one before gave. */
    @ParameterizedTest
    @MethodSource("raggedCases")
    void aStackIsItsLayersInARow(EngineCase engineCase) {
        RnnConfig deep = engineCase.config().withLayers(3);
        CaseData data = drawSupported(engineCase.withConfig(deep));
        PassResult joint = train(data);
        double[] sequence = data.x();
        for (int layer = 0; layer < 3; layer++) {
            RnnConfig c = layerConfig(deep, layer);
            PassResult alone = trainLayer(layerAlone(data, c, layer, sequence));
            close(c, third(joint.get("hy"), layer), alone.get("hy"));
            if (layer == 2) {
                close(c, joint.get("y"), alone.get("y"));
                close(c, joint.get("d_weight_hh_l2"), alone.get("d_weight_hh_l0"));
                close(c, third(joint.get("dhx"), layer), alone.get("dhx"));
            }
            sequence = alone.get("y");
        }
    }

    /** Dropout between layers multiplies layer k's output, element by element, with stream k of the shared mask. */
    @ParameterizedTest
    @MethodSource("raggedCases")
    void dropoutIsTheSharedMaskBetweenLayers(EngineCase engineCase) {
        checkDropout(engineCase, false);
    }

    /** The same with the mask of the first time step at every step. */
    @ParameterizedTest
    @MethodSource("raggedCases")
    void variationalDropoutIsOneMaskForAllTimeSteps(EngineCase engineCase) {
        checkDropout(engineCase, true);
    }

    private void checkDropout(EngineCase engineCase, boolean variational) {
        RnnConfig deep = engineCase.config().withLayers(3).withDropout(0.4).withVariationalDropout(variational);
        int period = variational ? BATCH * HIDDEN : STEPS * BATCH * HIDDEN;
        CaseData data = drawSupported(engineCase.withConfig(deep));
        PassResult joint = train(data);
        double[] sequence = data.x();
        for (int layer = 0; layer < 3; layer++) {
            RnnConfig c = layerConfig(deep, layer);
            PassResult alone = trainLayer(layerAlone(data, c, layer, sequence));
            close(c, third(joint.get("hy"), layer), alone.get("hy"));
            if (layer == 2) {
                close(c, joint.get("y"), alone.get("y"));
                close(c, joint.get("d_weight_ih_l2"), alone.get("d_weight_ih_l0"));
            }
            sequence = dropped(alone.get("y"), data.random(), layer, period);
        }
    }

    private static double[] dropped(double[] values, int[] random, int stream, int period) {
        double[] result = new double[values.length];
        for (int e = 0; e < values.length; e++) {
            result[e] = values[e] * DropoutMask.factor(0.4f, random[0], random[1], random[2], stream, e % period);
        }
        return result;
    }

    /** Zoneout is the cell without it, step by step, each unit of h and c then keeping its value or not. */
    @ParameterizedTest
    @MethodSource("plainCases")
    void zoneoutKeepsUnitsBetweenSingleSteps(EngineCase engineCase) {
        CaseData data = drawSupported(engineCase.withConfig(zonedOut(engineCase.config())));
        PassResult joint = train(data);
        int[] random = data.random();
        double[] y = singleSteps(data, (step, cell, before, next) -> {
            double[] mixed = new double[next.length];
            float p =
                    (float) (cell ? data.config().cellZoneout() : data.config().zoneout());
            for (int i = 0; i < next.length; i++) {
                long element = (long) step * next.length + i;
                int stream = ZoneoutMask.stream(0, 0, cell);
                boolean keeps = ZoneoutMask.keeps(p, random[0], random[1], random[2], stream, element) == 1;
                mixed[i] = keeps ? before[i] : next[i];
            }
            return mixed;
        });
        close(data.config(), y, joint.get("y"));
    }

    /** In inference every unit takes the mean of what it could have become. */
    @ParameterizedTest
    @MethodSource("plainCases")
    void zoneoutTakesItsExpectationInInference(EngineCase engineCase) {
        CaseData data = drawSupported(engineCase.withConfig(zonedOut(engineCase.config())));
        PassResult joint = EngineRun.infer(engine(), device(), data);
        double[] y = singleSteps(data, (step, cell, before, next) -> {
            double p = cell ? data.config().cellZoneout() : data.config().zoneout();
            double[] mixed = new double[next.length];
            Arrays.setAll(mixed, i -> p * before[i] + (1 - p) * next[i]);
            return mixed;
        });
        close(data.config(), y, joint.get("y"));
    }

    private static RnnConfig zonedOut(RnnConfig config) {
        boolean lstm = config.cell() == CellType.LSTM;
        return config.withZoneout(0.3).withCellZoneout(lstm ? 0.45 : 0);
    }

    /** What a state becomes, from its value before the step and the cell's result. */
    private interface Mix {
        double[] of(int step, boolean cell, double[] before, double[] next);
    }

    private double[] singleSteps(CaseData data, Mix mix) {
        RnnConfig plain = data.config().withZoneout(0).withCellZoneout(0);
        double[] y = new double[0];
        double[] h = data.hx();
        double[] c = data.cx();
        for (int t = 0; t < STEPS; t++) {
            CaseData step = times(data.withConfig(plain), t, t + 1).withState(h, c);
            PassResult result = EngineRun.infer(engine(), device(), step);
            h = mix.of(t, false, h, result.get("hy"));
            c = c == null ? null : mix.of(t, true, c, result.get("cy"));
            y = joined(y, h);
        }
        return y;
    }

    /** Time cut in two, with state carried forward and its gradient carried back, is one call. */
    @ParameterizedTest
    @MethodSource("plainCases")
    void carriedStateMakesTwoCallsOne(EngineCase engineCase) {
        RnnConfig c = engineCase.config().withLayers(2);
        CaseData data = drawSupported(engineCase.withConfig(c));
        PassResult joint = train(data);
        int cut = 3;
        CaseData early = times(data, 0, cut);
        PassResult first = train(early);
        CaseData late = times(data, cut, STEPS)
                .withState(first.get("hy"), first.tensors().get("cy"));
        PassResult second = train(late);
        PassResult firstBack = train(early.withGradients(
                early.dy(), second.get("dhx"), second.tensors().get("dcx")));
        close(c, joint.get("y"), joined(first.get("y"), second.get("y")));
        close(c, joint.get("hy"), second.get("hy"));
        close(c, joint.get("dx"), joined(firstBack.get("dx"), second.get("dx")));
        close(c, joint.get("dhx"), firstBack.get("dhx"));
        double[] sum = CaseEdits.flatGradient(c, firstBack);
        double[] more = CaseEdits.flatGradient(c, second);
        Arrays.setAll(sum, i -> sum[i] + more[i]);
        close(c, CaseEdits.flatGradient(c, joint), sum);
    }

    /** Without weights a vanilla cell gives 0, an LSTM halves c and shows half of its tanh, a GRU halves h. */
    @ParameterizedTest
    @MethodSource("plainCases")
    void zeroWeightsGiveKnownOutputs(EngineCase engineCase) {
        CaseData drawn = drawSupported(engineCase);
        CaseData data = drawn.withParameters(new double[drawn.parameters().length]);
        PassResult result = train(data);
        double[] expected = new double[STEPS * BATCH * HIDDEN];
        for (int i = 0; i < expected.length; i++) {
            int unit = i % (BATCH * HIDDEN);
            double halved = Math.pow(0.5, 1 + i / (BATCH * HIDDEN));
            expected[i] = switch (data.config().cell()) {
                case RNN_TANH, RNN_RELU -> 0;
                case LSTM -> 0.5 * Math.tanh(halved * data.cx()[unit]);
                case GRU -> halved * data.hx()[unit];
            };
        }
        close(data.config(), expected, result.get("y"));
    }

    /** The order of units has no meaning. */
    @ParameterizedTest
    @MethodSource("plainCases")
    void permutedUnitsGivePermutedOutputs(EngineCase engineCase) {
        CaseData data = drawSupported(engineCase);
        RnnConfig c = data.config();
        int[] order = {3, 0, 5, 1, 4, 2};
        double[] parameters = new double[data.parameters().length];
        for (Role role : new Role[] {Role.W_IH, Role.W_HH, Role.B_IH, Role.B_HH}) {
            double[] values = CaseEdits.parameter(c, data.parameters(), role, 0, 0);
            double[] rows = permuteRows(values, c.cell().gates(), order);
            CaseEdits.setParameter(c, parameters, role, 0, 0, role == Role.W_HH ? permuteColumns(rows, order) : rows);
        }
        PassResult straight = train(data);
        PassResult permuted = train(data.withParameters(parameters)
                .withState(permuteColumns(data.hx(), order), permuteColumns(data.cx(), order))
                .withGradients(
                        permuteColumns(data.dy(), order),
                        permuteColumns(data.dhy(), order),
                        permuteColumns(data.dcy(), order)));
        close(c, permuteColumns(straight.get("y"), order), permuted.get("y"));
        close(c, permuteColumns(straight.get("dhx"), order), permuted.get("dhx"));
        close(c, straight.get("dx"), permuted.get("dx"));
    }

    /** {@code wIh·x + wHh·h} is one product of the joined matrix with the joined vector (not in a GRU's candidate). */
    @ParameterizedTest
    @MethodSource("casesWithOneProduct")
    void inputAndStateMayBeJoined(EngineCase engineCase) {
        RnnConfig c = engineCase.config();
        CaseData data = drawSupported(new EngineCase(c, 1, BATCH, "", true, engineCase.seed()));
        RnnConfig wide = RnnConfig.of(c.cell(), INPUT + HIDDEN, HIDDEN).withDataType(c.dataType());
        double[] parameters = new double[CaseEdits.parameterCount(wide)];
        double[] joinedMatrix = beside(
                CaseEdits.parameter(c, data.parameters(), Role.W_IH, 0, 0),
                INPUT,
                CaseEdits.parameter(c, data.parameters(), Role.W_HH, 0, 0));
        CaseEdits.setParameter(wide, parameters, Role.W_IH, 0, 0, joinedMatrix);
        for (Role bias : new Role[] {Role.B_IH, Role.B_HH}) {
            CaseEdits.setParameter(wide, parameters, bias, 0, 0, CaseEdits.parameter(c, data.parameters(), bias, 0, 0));
        }
        CaseData joinedData = data.withConfig(wide)
                .withParameters(parameters)
                .withInput(beside(data.x(), INPUT, data.hx()))
                .withState(new double[BATCH * HIDDEN], data.cx());
        PassResult apart = train(data);
        PassResult joined = train(joinedData);
        close(c, apart.get("y"), joined.get("y"));
        close(c, beside(apart.get("dx"), INPUT, apart.get("dhx")), joined.get("dx"));
        close(c, beside(apart.get("d_weight_ih_l0"), INPUT, apart.get("d_weight_hh_l0")), joined.get("d_weight_ih_l0"));
    }

    private CaseData drawSupported(EngineCase engineCase) {
        requireSupport(engineCase.config());
        return CaseData.draw(engineCase);
    }

    /** What runs a single layer that a test has taken out of a stack; the engine itself, unless that is for stacks alone. */
    protected RecurrentEngine layerEngine() {
        return engine();
    }

    private PassResult trainLayer(CaseData data) {
        return EngineRun.train(layerEngine(), device(), data);
    }

    private PassResult train(CaseData data) {
        return EngineRun.train(engine(), device(), data);
    }

    private static void close(RnnConfig config, double[] expected, double[] found) {
        double scale = Math.max(1, Arrays.stream(expected).map(Math::abs).max().orElseThrow());
        double allowed = config.dataType() == DataType.F64
                ? 1e-12
                : config.dataType() == DataType.F32
                        ? 1e-5
                        : 8 * config.dataType().epsilon();
        assertThat(CaseEdits.largestDifference(expected, found)).isLessThanOrEqualTo(scale * allowed);
    }

    private static RnnConfig layerConfig(RnnConfig deep, int layer) {
        return RnnConfig.of(deep.cell(), deep.layerInputSize(layer), HIDDEN).withDataType(deep.dataType());
    }

    /** One of the three layers of a case, reading a sequence. */
    private static CaseData layerAlone(CaseData data, RnnConfig c, int layer, double[] sequence) {
        double[] parameters = new double[CaseEdits.parameterCount(c)];
        CaseEdits.copyLayer(data.config(), data.parameters(), layer, 0, c, parameters, 0, 0);
        return data.withConfig(c)
                .withParameters(parameters)
                .withInput(sequence)
                .withState(third(data.hx(), layer), third(data.cx(), layer))
                .withGradients(data.dy(), third(data.dhy(), layer), third(data.dcy(), layer));
    }

    private static CaseData times(CaseData data, int from, int to) {
        return new CaseData(
                data.config(),
                to - from,
                data.batch(),
                null,
                data.parameters(),
                CaseEdits.times(data, data.x(), INPUT, from, to),
                data.hx(),
                data.cx(),
                CaseEdits.times(data, data.dy(), HIDDEN, from, to),
                data.dhy(),
                data.dcy(),
                data.random());
    }
}
