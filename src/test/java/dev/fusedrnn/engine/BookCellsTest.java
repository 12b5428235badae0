package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.Device;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Cells without stored values of another system, against the equations as "Dive into Deep Learning" writes them: row
 * vectors times matrices, {@code X·W_xz + H·W_hz + b_z}.
 */
class BookCellsTest {
    private static final int STEPS = 5;
    private static final int BATCH = 3;
    private static final int INPUTS = 4;
    private static final int HIDDEN = 6;

    private final Device cpu = Device.cpu();

    @AfterEach
    void close() {
        cpu.close();
    }

    @Test
    void gruWithResetBeforeTheProduct() {
        CaseData data = CaseData.draw(EngineCase.parse("gru-before-L1-T5-N3-C4-H6-f64-seed1"));
        double[] y = EngineRun.infer(new ReferenceEngine(), cpu, data).get("y");
        double[] h = data.hx();
        for (int t = 0; t < STEPS; t++) {
            double[] x = CaseEdits.times(data, data.x(), INPUTS, t, t + 1);
            double[] r = each(affine(data, x, h, 0), BookCellsTest::sigmoid);
            double[] z = each(affine(data, x, h, 1), BookCellsTest::sigmoid);
            double[] candidate = each(affine(data, x, times(r, h), 2), Math::tanh);
            h = plus(times(z, h), times(each(z, value -> 1 - value), candidate));
            assertThat(CaseEdits.largestDifference(h, CaseEdits.times(data, y, HIDDEN, t, t + 1)))
                    .isLessThan(1e-14);
        }
    }

    @Test
    void lstmWithClippedCell() {
        CaseData data = CaseData.draw(EngineCase.parse("lstm-L1-T5-N3-C4-H6-clip0.3-f64-seed1"));
        PassResult result = EngineRun.infer(new ReferenceEngine(), cpu, data);
        double[] h = data.hx();
        double[] c = data.cx();
        for (int t = 0; t < STEPS; t++) {
            double[] x = CaseEdits.times(data, data.x(), INPUTS, t, t + 1);
            double[] i = each(affine(data, x, h, 0), BookCellsTest::sigmoid);
            double[] f = each(affine(data, x, h, 1), BookCellsTest::sigmoid);
            double[] candidate = each(affine(data, x, h, 2), Math::tanh);
            double[] o = each(affine(data, x, h, 3), BookCellsTest::sigmoid);
            c = plus(times(f, each(c, BookCellsTest::limited)), times(i, candidate));
            h = times(o, each(each(c, BookCellsTest::limited), Math::tanh));
            assertThat(CaseEdits.largestDifference(h, CaseEdits.times(data, result.get("y"), HIDDEN, t, t + 1)))
                    .isLessThan(1e-14);
        }
        assertThat(Arrays.stream(c).map(Math::abs).max().orElse(0))
                .as("the limit acts")
                .isGreaterThan(0.3);
        assertThat(CaseEdits.largestDifference(c, result.get("cy"))).isLessThan(1e-14);
    }

    /** Where wHn is diagonal and bHn is zero, it does not matter on which side of the product the reset gate stands. */
    @Test
    void bothFormsOfGruAgreeWhereTheyMust() {
        CaseData after = CaseData.draw(EngineCase.parse("gru-L1-T5-N3-C4-H6-f64-seed2"));
        RnnConfig config = after.config();
        double[] wHh = CaseEdits.parameter(config, after.parameters(), Role.W_HH, 0, 0);
        double[] bHh = CaseEdits.parameter(config, after.parameters(), Role.B_HH, 0, 0);
        for (int j = 0; j < HIDDEN; j++) {
            bHh[2 * HIDDEN + j] = 0;
            for (int k = 0; k < HIDDEN; k++) {
                wHh[(2 * HIDDEN + j) * HIDDEN + k] *= j == k ? 1 : 0;
            }
        }
        CaseEdits.setParameter(config, after.parameters(), Role.W_HH, 0, 0, wHh);
        CaseEdits.setParameter(config, after.parameters(), Role.B_HH, 0, 0, bHh);
        CaseData before = after.withConfig(config.withGruVariant(GruVariant.RESET_BEFORE));
        PassResult one = EngineRun.train(new ReferenceEngine(), cpu, after);
        PassResult other = EngineRun.train(new ReferenceEngine(), cpu, before);
        for (String tensor : new String[] {"y", "hy", "dx", "dhx", "d_weight_ih_l0", "d_bias_ih_l0"}) {
            assertThat(CaseEdits.largestDifference(one.get(tensor), other.get(tensor)))
                    .as(tensor)
                    .isLessThan(1e-13);
        }
    }

    private static double limited(double value) {
        return Math.min(0.3, Math.max(-0.3, value));
    }

    /** {@code X·W_x + H·W_h + b} of one gate, where the book's b is the sum of both biases. */
    private static double[] affine(CaseData data, double[] x, double[] h, int gate) {
        RnnConfig config = data.config();
        double[] wIh = CaseEdits.parameter(config, data.parameters(), Role.W_IH, 0, 0);
        double[] wHh = CaseEdits.parameter(config, data.parameters(), Role.W_HH, 0, 0);
        double[] bIh = CaseEdits.parameter(config, data.parameters(), Role.B_IH, 0, 0);
        double[] bHh = CaseEdits.parameter(config, data.parameters(), Role.B_HH, 0, 0);
        double[] result = new double[BATCH * HIDDEN];
        for (int e = 0; e < result.length; e++) {
            int n = e / HIDDEN;
            int row = gate * HIDDEN + e % HIDDEN;
            result[e] = bIh[row] + bHh[row];
            for (int k = 0; k < INPUTS; k++) {
                result[e] += x[n * INPUTS + k] * wIh[row * INPUTS + k];
            }
            for (int k = 0; k < HIDDEN; k++) {
                result[e] += h[n * HIDDEN + k] * wHh[row * HIDDEN + k];
            }
        }
        return result;
    }

    private static double sigmoid(double a) {
        return 0.5 * (1 + Math.tanh(a / 2));
    }

    private static double[] each(double[] values, DoubleUnaryOperator f) {
        return Arrays.stream(values).map(f).toArray();
    }

    private static double[] times(double[] a, double[] b) {
        double[] product = new double[a.length];
        Arrays.setAll(product, i -> a[i] * b[i]);
        return product;
    }

    private static double[] plus(double[] a, double[] b) {
        double[] sum = new double[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }
}
