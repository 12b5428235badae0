package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.Device;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Closed forms of a linear recurrence, truncation, and gradients that vanish or explode. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BackpropagationThroughTimeTest {
    private static final int STEPS = 6;
    private static final int INPUTS = 2;
    private static final int HIDDEN = 3;
    private static final double[] RECURRENT = {0.3, 0.1, 0.2, 0.05, 0.4, 0.1, 0.2, 0.15, 0.25};

    private final Device cpu = Device.cpu();

    @AfterAll
    void close() {
        cpu.close();
    }

    /** {@code dL/dh_t = Σ_{i≥t} (wHhᵀ)^{i-t}·dy_i}, {@code dL/dwIh = Σ dL/dh_t·x_tᵀ}, {@code dL/dwHh = Σ dL/dh_t·h_{t-1}ᵀ}. */
    @Test
    void linearRecurrenceHasItsClosedFormGradients() {
        CaseData data = LinearRnn.data(STEPS, INPUTS, RECURRENT, 5);
        PassResult result = EngineRun.train(new ReferenceEngine(), cpu, data);
        double[] dwIh = new double[HIDDEN * INPUTS];
        double[] dwHh = new double[HIDDEN * HIDDEN];
        for (int t = 0; t < STEPS; t++) {
            double[] dh = LinearRnn.transposedPowerTimes(RECURRENT, STEPS - 1 - t, data.dhy());
            for (int i = t; i < STEPS; i++) {
                add(dh, LinearRnn.transposedPowerTimes(RECURRENT, i - t, step(data.dy(), i, HIDDEN)));
            }
            double[] before = t == 0 ? data.hx() : step(result.get("y"), t - 1, HIDDEN);
            addOuter(dwIh, dh, step(data.x(), t, INPUTS));
            addOuter(dwHh, dh, before);
        }
        assertThat(CaseEdits.largestDifference(dwIh, result.get("d_weight_ih_l0")))
                .isLessThan(1e-12);
        assertThat(CaseEdits.largestDifference(dwHh, result.get("d_weight_hh_l0")))
                .isLessThan(1e-12);
    }

    /** The gradient of the first state is the power of wHh; its growth per step tends to the spectral radius. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.9, 1.0, 1.1, 1.5})
    void gradientsVanishOrExplodeLikeThePowersOfTheRecurrentMatrix(double radius) {
        double[] unit = spectrallyScaled(RECURRENT, radius);
        double[] dhy = {0.7, -0.2, 0.4};
        double before = 0;
        for (int steps = 1; steps <= 40; steps++) {
            CaseData data = LinearRnn.data(steps, INPUTS, unit, 5);
            CaseData last = data.withGradients(new double[steps * HIDDEN], dhy, null);
            double[] found = EngineRun.train(new ReferenceEngine(), cpu, last).get("dhx");
            double[] power = LinearRnn.transposedPowerTimes(unit, steps, dhy);
            double norm = LinearRnn.norm(power);
            assertThat(CaseEdits.largestDifference(power, found)).isLessThan(1e-12 * Math.max(norm, 1));
            if (steps == 40) {
                assertThat(LinearRnn.norm(found) / before).isCloseTo(radius, within(1e-9));
            }
            before = LinearRnn.norm(found);
        }
    }

    /** Cut after every τ steps, a gradient is the sum of the chunks' own, and nothing crosses a cut. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void truncatedGradientIsFullInsideAChunkAndZeroAcross(int tau) {
        CaseData data = LinearRnn.data(STEPS, INPUTS, RECURRENT, 6).withGradients(dyOfLastStep(), null, null);
        double[] truncated = truncatedGradient(data, tau, cut -> 0);
        CaseData lastChunk = chunk(data, STEPS - tau, STEPS)
                .withState(
                        step(EngineRun.train(new ReferenceEngine(), cpu, data).get("y"), STEPS - tau - 1, HIDDEN),
                        null);
        double[] inside = CaseEdits.flatGradient(data.config(), EngineRun.train(new ReferenceEngine(), cpu, lastChunk));
        assertThat(CaseEdits.largestDifference(inside, truncated)).isLessThan(1e-13);
        assertThat(CaseEdits.largestDifference(fullGradient(data), truncated)).isGreaterThan(1e-2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void carryingTheGradientOverEveryCutIsTheFullGradient(int tau) {
        CaseData data = LinearRnn.data(STEPS, INPUTS, RECURRENT, 6);
        assertThat(CaseEdits.largestDifference(fullGradient(data), truncatedGradient(data, tau, cut -> 1)))
                .isLessThan(1e-12);
    }

    /**
     * Randomized truncation (Tallec and Ollivier 2017): at each cut the gradient is dropped, or kept with probability π and
     * then weighted 1/π. Its expectation over all outcomes is the full gradient, and the mean of many draws is near it.
     */
    @Test
    void randomizedTruncationIsUnbiased() {
        CaseData data = LinearRnn.data(STEPS, INPUTS, RECURRENT, 7);
        double[] full = fullGradient(data);
        double keep = 0.6;
        int cuts = STEPS - 1;
        double[][] outcomes = new double[1 << cuts][];
        double[] expectation = new double[full.length];
        for (int kept = 0; kept < outcomes.length; kept++) {
            int pattern = kept;
            outcomes[kept] = truncatedGradient(data, 1, cut -> (pattern >> cut & 1) == 1 ? 1 / keep : 0);
            int count = Integer.bitCount(kept);
            double probability = Math.pow(keep, count) * Math.pow(1 - keep, cuts - count);
            for (int i = 0; i < full.length; i++) {
                expectation[i] += probability * outcomes[kept][i];
            }
        }
        assertThat(CaseEdits.largestDifference(full, expectation)).isLessThan(1e-12);
        assertMeanOfDrawsIsNear(full, outcomes, keep, cuts);
    }

    private static void assertMeanOfDrawsIsNear(double[] full, double[][] outcomes, double keep, int cuts) {
        int draws = 20_000;
        double[] sum = new double[full.length];
        double[] squares = new double[full.length];
        Random random = new Random(8);
        for (int draw = 0; draw < draws; draw++) {
            int kept = 0;
            for (int cut = 0; cut < cuts; cut++) {
                kept |= (random.nextDouble() < keep ? 1 : 0) << cut;
            }
            for (int i = 0; i < full.length; i++) {
                sum[i] += outcomes[kept][i];
                squares[i] += outcomes[kept][i] * outcomes[kept][i];
            }
        }
        for (int i = 0; i < full.length; i++) {
            double mean = sum[i] / draws;
            double deviation = Math.sqrt((squares[i] / draws - mean * mean) / draws);
            // Four standard errors: with fewer than twenty parameters a false alarm has probability 0.1 %.
            assertThat(mean).isCloseTo(full[i], within(4 * deviation + 1e-12));
        }
    }

    private interface CutWeight {
        double of(int cut);
    }

    /** Chunk by chunk: state goes forward; its gradient goes back over cut number i, from the front, times a weight. */
    private double[] truncatedGradient(CaseData data, int tau, CutWeight weight) {
        int chunks = STEPS / tau;
        double[][] states = new double[chunks + 1][];
        states[0] = data.hx();
        for (int k = 0; k < chunks; k++) {
            CaseData part = chunk(data, k * tau, (k + 1) * tau).withState(states[k], null);
            states[k + 1] = EngineRun.infer(new ReferenceEngine(), cpu, part).get("hy");
        }
        double[] sum = new double[data.parameters().length];
        double[] dh = data.dhy();
        for (int k = chunks - 1; k >= 0; k--) {
            CaseData part = chunk(data, k * tau, (k + 1) * tau);
            PassResult result = EngineRun.train(
                    new ReferenceEngine(), cpu, part.withState(states[k], null).withGradients(part.dy(), dh, null));
            add(sum, CaseEdits.flatGradient(data.config(), result));
            double factor = k == 0 ? 0 : weight.of(k - 1);
            dh = Arrays.stream(result.get("dhx")).map(d -> d * factor).toArray();
        }
        return sum;
    }

    private double[] fullGradient(CaseData data) {
        return CaseEdits.flatGradient(data.config(), EngineRun.train(new ReferenceEngine(), cpu, data));
    }

    private static CaseData chunk(CaseData data, int from, int to) {
        return new CaseData(
                data.config(),
                to - from,
                1,
                null,
                data.parameters(),
                CaseEdits.times(data, data.x(), INPUTS, from, to),
                data.hx(),
                null,
                CaseEdits.times(data, data.dy(), HIDDEN, from, to),
                null,
                null,
                data.random());
    }

    private static double[] dyOfLastStep() {
        double[] dy = new double[STEPS * HIDDEN];
        Arrays.fill(dy, dy.length - HIDDEN, dy.length, 1);
        return dy;
    }

    private static double[] step(double[] sequence, int t, int features) {
        return Arrays.copyOfRange(sequence, t * features, (t + 1) * features);
    }

    private static void add(double[] sum, double[] more) {
        Arrays.setAll(sum, i -> sum[i] + more[i]);
    }

    private static void addOuter(double[] sum, double[] left, double[] right) {
        Arrays.setAll(sum, i -> sum[i] + left[i / right.length] * right[i % right.length]);
    }

    /** A positive matrix scaled to a spectral radius, which is its largest eigenvalue (Perron). */
    private static double[] spectrallyScaled(double[] w, double radius) {
        double[] v = {1, 1, 1};
        double eigenvalue = 0;
        for (int i = 0; i < 500; i++) {
            v = LinearRnn.transposedTimes(w, v);
            eigenvalue = LinearRnn.norm(v);
            double norm = eigenvalue;
            v = Arrays.stream(v).map(each -> each / norm).toArray();
        }
        double scale = radius / eigenvalue;
        return Arrays.stream(w).map(each -> each * scale).toArray();
    }
}
