package dev.fusedrnn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptimizerTest {
    private static final float[] A = {3, -2, 0.5f};
    private static final float[] B = {6, -1};

    private final Device device = Device.cpu();
    private final Kernels kernels = Kernels.of(device);
    private final Parameters parameters =
            Parameters.builder().add("a", 3).add("b", 2).build(device, DataType.F32);
    private final Tensor hyper = device.of(DataType.F32, new float[] {1, 1}, 2);

    @AfterEach
    void close() {
        hyper.close();
        parameters.close();
        kernels.close();
        assertThat(device.allocatedBytes()).isZero();
    }

    /** With SGD at rate 1 from zero the parameters are minus the clipped gradient. */
    @ParameterizedTest
    @ValueSource(doubles = {0.1, 1, 5, 7, 100})
    void clippingKeepsDirectionAndLimitsTheNormOverAllParameters(double limit) {
        double norm = Math.sqrt(9 + 4 + 0.25 + 36 + 1);
        step(Sgd.plain(), limit, 1);
        double factor = Math.min(1, limit / norm);
        assertThat(norm()).isCloseTo(Math.min(norm, limit), within(1e-5 * norm));
        assertThat(norm()).isLessThanOrEqualTo(limit * (1 + 1e-6));
        for (int i = 0; i < A.length; i++) {
            assertThat((double) parameters.get("a")[i]).isCloseTo(-A[i] * factor, within(1e-5));
        }
        assertThat((double) parameters.get("b")[1]).isCloseTo(factor, within(1e-5));
    }

    /** Without a gradient only decay moves a parameter. */
    @ParameterizedTest
    @ValueSource(strings = {"sgd", "nt-asgd", "rmsprop", "adam", "adamw"})
    void decayMayBeForMatricesAlone(String id) {
        OptimizerConfig config = OptimizerConfig.parse(id).withWeightDecay(0.5);
        for (DecayScope scope : DecayScope.values()) {
            try (Parameters mixed = Parameters.builder()
                            .add("matrix", 2, 3)
                            .add("bias", 3)
                            .add("row", 1)
                            .add("table", 5, 1)
                            .build(device, DataType.F32);
                    Optimizer optimizer = new Optimizer(config, scope, kernels, mixed, 0, hyper, null)) {
                for (Parameters.Entry entry : mixed.entries()) {
                    float[] ones = new float[(int) entry.elements()];
                    Arrays.fill(ones, 1);
                    mixed.set(entry.name(), ones);
                }
                optimizer.step(1);
                for (Parameters.Entry entry : mixed.entries()) {
                    boolean decays = scope == DecayScope.ALL || entry.shape().rank() == 2;
                    for (float value : mixed.get(entry.name())) {
                        assertThat(value < 1).as(entry.name()).isEqualTo(decays);
                    }
                }
            }
        }
    }

    @Test
    void noLimitLeavesTheGradientAlone() {
        step(Sgd.plain(), 0, 1);
        assertThat(parameters.get("b")).containsExactly(-6, 1);
    }

    @Test
    void theLossScaleIsTakenOutBeforeClipping() {
        step(Sgd.plain(), 100, 0.25f);
        assertThat(parameters.get("b")).containsExactly(-1.5f, 0.25f);
    }

    @Test
    void aNormThatIsNotFiniteChangesNothing() {
        parameters.set("a", A);
        parameters.gradient("b").copyFrom(new float[] {Float.NaN, 1});
        try (Optimizer optimizer = new Optimizer(Sgd.plain(), kernels, parameters, 1, hyper)) {
            optimizer.step(1);
            assertThat(parameters.get("a")).containsExactly(A);
            assertThat(optimizer.scale().toFloats()[0]).isNaN();
        }
    }

    @Test
    void everyStepIsANewVersionOfTheParameters() {
        long before = parameters.version();
        step(Sgd.plain(), 1, 1);
        assertThat(parameters.version()).isEqualTo(before + 1);
    }

    /** Two steps of the same gradient g = 6, at rate 1, computed by hand from the formulas. */
    @Test
    void formulas() {
        assertThat(twoSteps(Sgd.plain())).isCloseTo(-12, within(1e-5));
        assertThat(twoSteps(new Sgd(0.5, 0))).isCloseTo(-6 - 9, within(1e-5));
        // s1 = 0.25·36 = 9, s2 = 0.75·9 + 9 = 15.75
        assertThat(twoSteps(new RmsProp(0.75, 1e-8, 0))).isCloseTo(-6 / 3.0 - 6 / Math.sqrt(15.75), within(1e-5));
        // With a constant gradient both corrected moments are g and g².
        assertThat(twoSteps(Adam.usual())).isCloseTo(-2, within(1e-5));
        // w1 = −1, decayed by 0.1: −0.9, then −1 again.
        assertThat(twoSteps(new AdamW(0.9, 0.999, 1e-8, 0.1))).isCloseTo(-1.9, within(1e-5));
    }

    @Test
    void constantsOutOfRange() {
        assertThatThrownBy(() -> new Sgd(1, 0)).hasMessageContaining("momentum");
        assertThatThrownBy(() -> new Sgd(0, Double.NaN)).hasMessageContaining("weightDecay");
        assertThatThrownBy(() -> new RmsProp(-0.1, 1, 0)).hasMessageContaining("alpha");
        assertThatThrownBy(() -> new Adam(0.9, 1, 1e-8, 0)).hasMessageContaining("beta2");
        assertThatThrownBy(() -> new AdamW(0.9, 0.9, 0, 0)).hasMessageContaining("epsilon");
        // In range as doubles, but 1, 0 and infinity in F32, where they would make parameters NaN.
        assertThatThrownBy(() -> new Adam(0.9, 0.99999999, 1e-8, 0)).hasMessageContaining("beta2 must be in [0, 1)");
        assertThatThrownBy(() -> new RmsProp(0.9, 1e-60, 0)).hasMessageContaining("epsilon must be a positive finite");
        assertThatThrownBy(() -> new Sgd(0, 1e200)).hasMessageContaining("weightDecay must be 0 or a positive finite");
        assertThatThrownBy(() -> new Optimizer(Sgd.plain(), kernels, parameters, -1, hyper))
                .hasMessageContaining("maxNorm");
        assertThatThrownBy(() -> OptimizerConfig.parse("lion")).hasMessageContaining("adamw");
        for (String id : OptimizerConfig.IDS) {
            assertThat(OptimizerConfig.parse(id).id()).isEqualTo(id);
        }
    }

    private double twoSteps(OptimizerConfig config) {
        try (Parameters fresh = Parameters.builder().add("w", 1).build(device, DataType.F32);
                Optimizer optimizer = new Optimizer(config, kernels, fresh, 0, hyper)) {
            for (int t = 1; t <= 2; t++) {
                hyper.copyFrom(new float[] {1, t});
                fresh.gradient("w").copyFrom(new float[] {6});
                optimizer.step(1);
            }
            return fresh.get("w")[0];
        }
    }

    private void step(OptimizerConfig config, double limit, float unscale) {
        parameters.gradient("a").copyFrom(A);
        parameters.gradient("b").copyFrom(B);
        try (Optimizer optimizer = new Optimizer(config, kernels, parameters, limit, hyper)) {
            optimizer.step(unscale);
        }
    }

    private double norm() {
        double sum = 0;
        for (float value : parameters.values().toFloats()) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}
