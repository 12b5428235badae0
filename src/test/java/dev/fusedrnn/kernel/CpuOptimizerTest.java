package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.kernel.OptimizerUpdate.Adam;
import dev.fusedrnn.kernel.OptimizerUpdate.RmsProp;
import dev.fusedrnn.kernel.OptimizerUpdate.Rule;
import dev.fusedrnn.kernel.OptimizerUpdate.Sgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuOptimizerTest {
    private static final int COUNT = 4099;
    private static final float RATE = 0.01f;
    private static final float SCALE = 0.5f;

    private final Device device = Device.cpu();
    private final Kernels kernels = Kernels.of(device);
    private final Random random = new Random(5);

    private final Tensor masters = tensor(DataType.F32, 1);
    private final Tensor gradients = tensor(DataType.F32, 1);
    private final Tensor moment1 = device.zeros(DataType.F32, COUNT);
    private final Tensor moment2 = device.zeros(DataType.F32, COUNT);
    private final Tensor scale = device.of(DataType.F32, new float[] {SCALE}, 1);
    private final Tensor hyper = device.of(DataType.F32, new float[] {RATE, 1}, 2);

    @AfterEach
    void close() {
        Stream.of(masters, gradients, moment1, moment2, scale, hyper).forEach(Tensor::close);
        kernels.close();
        device.close();
    }

    static Stream<Rule> rules() {
        return Stream.of(
                new Sgd(0, 0),
                new Sgd(0.9f, 0),
                new Sgd(0.9f, 0.1f),
                new RmsProp(0.9f, 1e-6f, 0),
                new RmsProp(0.99f, 1e-8f, 0.05f),
                new Adam(0.9f, 0.999f, 1e-8f, 0, false),
                new Adam(0.8f, 0.9f, 1e-6f, 0.1f, false),
                new Adam(0.9f, 0.999f, 1e-8f, 0.1f, true));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void followsTheFormulaForFourSteps(Rule rule) {
        double[] w = masters.toDoubles();
        double[] m = new double[COUNT];
        double[] v = new double[COUNT];
        for (int step = 1; step <= 4; step++) {
            gradients.copyFrom(randoms(1));
            hyper.copyFrom(new float[] {RATE / step, step});
            double[] g = gradients.toDoubles();
            for (int i = 0; i < COUNT; i++) {
                w[i] = expected(rule, w, m, v, g[i] * SCALE, RATE / (double) step, step, i);
            }
            kernels.update(new OptimizerUpdate(rule, masters, masters, gradients, moment1, moment2, scale, hyper));
        }
        double[] found = masters.toDoubles();
        for (int i = 0; i < COUNT; i++) {
            assertThat(found[i]).as("element %d", i).isEqualTo(w[i], within(2e-6));
        }
    }

    /** PyTorch's formulas for one element, in double. */
    private static double expected(
            Rule rule, double[] w, double[] m, double[] v, double g, double rate, int step, int i) {
        if (rule instanceof Sgd sgd) {
            g += sgd.weightDecay() * w[i];
            m[i] = sgd.momentum() * m[i] + g;
            return w[i] - rate * m[i];
        }
        if (rule instanceof RmsProp rms) {
            g += rms.weightDecay() * w[i];
            v[i] = rms.alpha() * v[i] + (1 - rms.alpha()) * g * g;
            return w[i] - rate * g / (Math.sqrt(v[i]) + rms.epsilon());
        }
        Adam adam = (Adam) rule;
        double decayed = adam.decoupled() ? w[i] - rate * adam.weightDecay() * w[i] : w[i];
        g += adam.decoupled() ? 0 : adam.weightDecay() * w[i];
        m[i] = adam.beta1() * m[i] + (1 - adam.beta1()) * g;
        v[i] = adam.beta2() * v[i] + (1 - adam.beta2()) * g * g;
        double mHat = m[i] / (1 - Math.pow(adam.beta1(), step));
        double vHat = v[i] / (1 - Math.pow(adam.beta2(), step));
        return decayed - rate * mHat / (Math.sqrt(vHat) + adam.epsilon());
    }

    @Test
    void roundsTheMastersIntoSixteenBitValues() {
        Tensor values = tensor(DataType.BF16, 1);
        Tensor halfGradients = tensor(DataType.BF16, 1);
        double[] before = masters.toDoubles();
        kernels.update(new OptimizerUpdate(new Sgd(0, 0), values, masters, halfGradients, null, null, scale, hyper));
        double[] g = halfGradients.toDoubles();
        double[] after = masters.toDoubles();
        float[] rounded = values.toFloats();
        for (int i = 0; i < COUNT; i++) {
            double expected = before[i] - RATE * SCALE * g[i];
            assertThat(after[i])
                    .isEqualTo(expected, within((double) Math.ulp((float) before[i]) + Math.ulp((float) expected)));
            assertThat((double) rounded[i]).isEqualTo(after[i], within(Math.abs(after[i]) / 256));
        }
        values.close();
        halfGradients.close();
    }

    @Test
    void aScaleOfNaNChangesNothing() {
        float[] w = masters.toFloats();
        scale.copyFrom(new float[] {Float.NaN});
        kernels.update(new OptimizerUpdate(
                new Adam(0.9f, 0.999f, 1e-8f, 0.1f, true),
                masters,
                masters,
                gradients,
                moment1,
                moment2,
                scale,
                hyper));
        assertThat(masters.toFloats()).containsExactly(w);
        assertThat(moment1.toFloats()).containsOnly(0);
        assertThat(moment2.toFloats()).containsOnly(0);
    }

    @Test
    void aMissingMomentIsNamed() {
        OptimizerUpdate update =
                new OptimizerUpdate(new Sgd(0.9f, 0), masters, masters, gradients, null, null, scale, hyper);
        assertThatThrownBy(() -> kernels.update(update))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("moment1");
    }

    private float[] randoms(float size) {
        float[] values = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float) random.nextGaussian() * size;
        }
        return values;
    }

    private Tensor tensor(DataType type, float size) {
        return device.of(type, randoms(size), COUNT);
    }
}
