package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuKernelsTest {
    private final Device device = Device.cpu();
    private final Kernels kernels = Kernels.of(device);
    private final List<Tensor> open = new ArrayList<>();
    private final Random random = new Random(20261123);

    @AfterEach
    void close() {
        open.forEach(Tensor::close);
        kernels.close();
        kernels.close();
        assertThat(device.allocatedBytes()).isZero();
        device.close();
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "F16, F32"})
    void copiesABlockOfColumnsAndNothingBeside(DataType fromType, DataType toType) {
        int rows = 5;
        Tensor from = device.zeros(fromType, rows, 7);
        Tensor to = device.zeros(toType, rows, 6);
        open.add(from);
        open.add(to);
        float[] values = new float[rows * 7];
        float[] expected = new float[rows * 6];
        Arrays.fill(expected, -1);
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
            int column = i % 7;
            if (column >= 2 && column < 5) {
                expected[i / 7 * 6 + column + 1] = i;
            }
        }
        from.copyFrom(values);
        kernels.fill(to, -1);
        kernels.copyColumns(from, 2, to, 3, 3);
        assertThat(to.toFloats()).containsExactly(expected);
        assertThatThrownBy(() -> kernels.copyColumns(from, 5, to, 0, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("from must have two axes and at least 8 columns");
        assertThatThrownBy(() -> kernels.copyColumns(from, 0, to.view(0, 4, 6), 0, 3))
                .hasMessageStartingWith("to must have the 5 rows of from");
        assertThatThrownBy(() -> kernels.copyColumns(from, 0, to, -1, 3))
                .hasMessage("columns must be 1 or more from column 0 or later, found 3 from 0 to -1");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 4097, 10007})
    void fillsEveryElementAndNothingBeside(int count) {
        Tensor whole = floats(new float[count + 2]);
        kernels.fill(whole.view(1, count), -2.5f);
        float[] found = whole.toFloats();
        assertThat(found[0]).isZero();
        assertThat(found[count + 1]).isZero();
        for (int i = 1; i <= count; i++) {
            assertThat(found[i]).isEqualTo(-2.5f);
        }
        kernels.fill(whole, 0);
        assertThat(whole.toFloats()).containsOnly(0);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F64", "F32", "BF16", "F16"})
    void convertsBothWays(DataType type) {
        float[] values = new float[5003];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i - 2500) / 64f;
        }
        values[17] = Float.NaN;
        values[18] = Float.NEGATIVE_INFINITY;
        Tensor expected = keep(device.of(type, values, values.length));
        Tensor from = floats(values);
        Tensor there = keep(device.allocate(type, values.length));
        Tensor back = keep(device.allocate(DataType.F32, values.length));
        kernels.convert(from, there);
        kernels.convert(there, back);
        assertThat(there.toFloats()).containsExactly(expected.toFloats());
        assertThat(back.toFloats()).containsExactly(expected.toFloats());
    }

    @ParameterizedTest
    @CsvSource({
        "1,1,1,false,false,F32",
        "3,5,7,false,true,F32",
        "17,13,31,true,false,F32",
        "33,65,129,true,true,F32",
        "5,3,11,false,false,BF16",
        "12,9,33,true,true,F16",
        "70,80,90,false,true,BF16"
    })
    void multipliesWithRowDistancesAlphaAndBeta(
            int m, int n, int k, boolean transposeA, boolean transposeB, DataType type) {
        int lda = (transposeA ? m : k) + 2;
        int ldb = (transposeB ? k : n) + 3;
        int ldc = n + 1;
        Tensor a = random(type, (transposeA ? k : m) * lda);
        Tensor b = random(type, (transposeB ? n : k) * ldb);
        Tensor c = random(type, m * ldc);
        float[] va = a.toFloats();
        float[] vb = b.toFloats();
        float[] before = c.toFloats();
        kernels.gemm(transposeA, transposeB, m, n, k, 1.5f, a, lda, b, ldb, -0.5f, c, ldc, null);
        float[] after = c.toFloats();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    double left = va[transposeA ? l * lda + i : i * lda + l];
                    sum += left * vb[transposeB ? j * ldb + l : l * ldb + j];
                }
                double expected = 1.5 * sum - 0.5 * before[i * ldc + j];
                double tolerance = 1e-5 + Math.abs(expected) * type.epsilon();
                assertThat((double) after[i * ldc + j]).isEqualTo(expected, within(tolerance));
            }
            assertThat(after[i * ldc + n]).isEqualTo(before[i * ldc + n]);
        }
    }

    @Test
    void betaZeroDoesNotReadTheOldValues() {
        Tensor c = floats(Float.NaN, Float.NaN, Float.NaN, Float.NaN);
        Tensor a = floats(1, 2, 3, 4);
        kernels.gemm(false, false, 2, 2, 2, 1, a, 2, a, 2, 0, c, 2, null);
        assertThat(c.toFloats()).containsExactly(7, 10, 15, 22);
    }

    @Test
    void productsOfNaNAreNaN() {
        Tensor a = floats(Float.NaN, 0, 1, 1);
        Tensor b = floats(0, 1, 1, 0);
        Tensor c = floats(0, 0, 0, 0);
        kernels.gemm(false, false, 2, 2, 2, 1, a, 2, b, 2, 0, c, 2, null);
        assertThat(c.toFloats()).containsExactly(Float.NaN, Float.NaN, 1, 1);
    }

    @Test
    void gemmRefusesMatricesThatLeaveTheirTensor() {
        Tensor a = floats(new float[6]);
        Tensor c = floats(new float[4]);
        assertThatThrownBy(() -> kernels.gemm(false, false, 2, 2, 3, 1, a, 3, a, 2, 0, c, 3, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("c [2, 2] with row distance 3 needs 5 elements");
        assertThatThrownBy(() -> kernels.gemm(false, false, 2, 2, 3, 1, a, 2, a, 2, 0, c, 2, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a [2, 3] cannot have a row distance of 2");
    }

    @ParameterizedTest
    @CsvSource({"1,1,0", "3,5,3", "700,13,0", "700,13,3", "2,5000,0", "3,4096,4", "41,1000,1"})
    void sumsColumnsAndLooksAtNoneBehindThem(int rows, int columns, int padding) {
        int pitch = columns + padding;
        float[] m = randoms(rows * pitch);
        poisonPadding(m, columns, pitch);
        Tensor matrix = keep(device.of(DataType.F32, m, rows, pitch));
        Tensor sums = random(DataType.F32, columns);
        float[] old = sums.toFloats();
        kernels.columnSum(matrix, sums, true);
        float[] added = sums.toFloats();
        kernels.columnSum(matrix, sums, false);
        float[] fresh = sums.toFloats();
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += m[i * pitch + j];
            }
            assertThat((double) fresh[j]).isEqualTo(sum, within(1e-6 * rows));
            assertThat((double) added[j]).isEqualTo(old[j] + sum, within(1e-6 * (rows + 1)));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,0,F32", "3,5,2,F32", "700,13,0,F32", "2,5000,0,F32", "3,4100,3,BF16", "41,1000,0,F16"})
    void addsABiasToEveryRowOfAProductBeforeItIsRounded(int rows, int columns, int padding, DataType type) {
        int pitch = columns + padding;
        Tensor x = random(type, rows * 2);
        Tensor w = random(type, columns * 2);
        Tensor bias = random(type, columns);
        Tensor y = random(type, rows * pitch);
        float[] before = y.toFloats();
        kernels.gemm(false, true, rows, columns, 2, 1, x, 2, w, 2, 0, y, pitch, bias);
        double[] found = y.toDoubles();
        double[] vx = x.toDoubles();
        double[] vw = w.toDoubles();
        double[] vb = bias.toDoubles();
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double expected = vx[2 * i] * vw[2 * j] + vx[2 * i + 1] * vw[2 * j + 1] + vb[j];
                double tolerance = 1e-6 + Math.abs(expected) * type.epsilon() / 2;
                assertThat(found[i * pitch + j]).isEqualTo(expected, within(tolerance));
            }
            for (int j = columns; j < pitch; j++) {
                assertThat((float) found[i * pitch + j]).isEqualTo(before[i * pitch + j]);
            }
        }
    }

    @Test
    void scalesAndAddsScaled() {
        Tensor y = random(DataType.F32, 5001);
        Tensor x = random(DataType.BF16, 5001);
        float[] vy = y.toFloats();
        float[] vx = x.toFloats();
        kernels.addScaled(y, 0.25f, x);
        float[] sum = y.toFloats();
        kernels.scale(y, floats(-3));
        float[] scaled = y.toFloats();
        for (int i = 0; i < vy.length; i++) {
            assertThat(sum[i]).isEqualTo(vy[i] + 0.25f * vx[i], within(1e-6f));
            assertThat(scaled[i]).isEqualTo(sum[i] * -3);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,3", "F32,5000", "BF16,65", "F16,8"})
    void gathersRowsAndScattersTheirGradient(DataType type, int width) {
        int[] ids = {4, 0, 4, 2, 4, 0};
        Tensor idTensor = keep(device.allocate(DataType.I32, ids.length));
        idTensor.copyFrom(ids);
        Tensor table = keep(device.of(type, randoms(5 * width), 5, width));
        Tensor out = keep(device.allocate(type, ids.length, width));
        kernels.gather(idTensor, table, out);
        float[] t = table.toFloats();
        float[] rows = out.toFloats();
        double[] expected = new double[t.length];
        for (int i = 0; i < ids.length; i++) {
            for (int j = 0; j < width; j++) {
                assertThat(rows[i * width + j]).isEqualTo(t[ids[i] * width + j]);
                expected[ids[i] * width + j] += rows[i * width + j];
            }
        }
        Tensor gradient = keep(device.of(type, randoms(5 * width), 5, width));
        double[] before = gradient.toDoubles();
        kernels.scatterAdd(idTensor, out, gradient, true);
        assertClose(gradient.toDoubles(), plus(before, expected), 2 * type.epsilon());
        kernels.scatterAdd(idTensor, out, gradient, false);
        assertClose(gradient.toDoubles(), expected, 2 * type.epsilon());
        assertThat(gradient.toDoubles()[width]).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 5})
    void idsOutsideTheTableAreNamed(int wrong) {
        Tensor ids = keep(device.allocate(DataType.I32, 2));
        ids.copyFrom(new int[] {1, wrong});
        Tensor table = keep(device.zeros(DataType.F32, 5, 2));
        Tensor rows = keep(device.zeros(DataType.F32, 2, 2));
        assertThatThrownBy(() -> kernels.gather(ids, table, rows))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ids[1] must be in [0, 5), found " + wrong);
        assertThatThrownBy(() -> kernels.scatterAdd(ids, rows, table, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ids[1]");
    }

    @Test
    void uniformLogitsGiveThePublishedLosses() {
        Tensor logits = keep(device.zeros(DataType.F32, 4, 10));
        kernels.fill(logits, 1);
        Tensor losses = floats(new float[4]);
        Tensor sum = floats(9);
        kernels.softmaxCrossEntropy(logits, 10, ints(0, 3, 9, 5), losses, null);
        assertThat(losses.toFloats()).containsOnly(2.3025851f);
        kernels.softmaxCrossEntropy(logits, 10, ints(0, -1, 9, -1), losses, null);
        kernels.sum(losses, sum, false);
        assertThat(sum.toFloats()[0] / 4).isEqualTo(1.1513f, within(5e-5f));
        kernels.softmaxCrossEntropy(logits, 10, ints(-1, -1, -1, -1), losses, null);
        kernels.sum(losses, sum, false);
        assertThat(sum.toFloats()[0]).isZero();
        assertThat(logits.toFloats()).containsOnly(1);
    }

    @ParameterizedTest
    @CsvSource({"5,1,0,F32", "7,13,3,F32", "3,9001,0,F32", "6,29,3,BF16", "4,4100,4,F16"})
    void softmaxCrossEntropyAndItsGradient(int rows, int classes, int padding, DataType type) {
        int pitch = classes + padding;
        Tensor logits = keep(device.of(type, randoms(rows * pitch), rows, pitch));
        kernels.scale(logits, floats(8));
        double[] z = logits.toDoubles();
        int[] targets = new int[rows];
        for (int i = 0; i < rows; i++) {
            targets[i] = i == 2 ? -1 : random.nextInt(classes);
        }
        Tensor losses = floats(new float[rows]);
        kernels.softmaxCrossEntropy(logits, classes, ints(targets), losses, floats(0.125f));
        double[] gradient = logits.toDoubles();
        double[] expected = z.clone();
        for (int i = 0; i < rows; i++) {
            Arrays.fill(expected, i * pitch, i * pitch + classes, 0);
            double loss = referenceRow(z, i * pitch, classes, targets[i], 0.125, expected);
            assertThat((double) losses.toFloats()[i]).isEqualTo(loss, within(2e-6 * Math.max(1, loss)));
        }
        assertClose(gradient, expected, Math.max(3e-7, type.epsilon()));
    }

    @Test
    void logitsNeedAColumnForEveryClassAndARowForEveryTarget() {
        Tensor losses = floats(new float[2]);
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(
                        keep(device.zeros(DataType.F32, 2, 3)), 4, ints(0, 1), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logits must have two axes and at least 4 columns");
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(
                        keep(device.zeros(DataType.F32, 3, 4)), 4, ints(0, 1), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logits must have 2 rows");
    }

    private static double referenceRow(double[] z, int at, int classes, int target, double scale, double[] gradient) {
        if (target < 0) {
            return 0;
        }
        double most = Arrays.stream(z, at, at + classes).max().orElseThrow();
        double sum = 0;
        for (int j = 0; j < classes; j++) {
            sum += Math.exp(z[at + j] - most);
        }
        for (int j = 0; j < classes; j++) {
            gradient[at + j] = scale * (Math.exp(z[at + j] - most) / sum - (j == target ? 1 : 0));
        }
        return Math.log(sum) + most - z[at + target];
    }

    @Test
    void softmaxKeepsNaNAndBearsExtremes() {
        Tensor logits = keep(device.of(
                DataType.F32,
                new float[] {0, Float.NaN, 1e30f, -1e30f, Float.NEGATIVE_INFINITY, 0, Float.NaN, 3},
                4,
                2));
        Tensor losses = floats(new float[4]);
        kernels.softmaxCrossEntropy(logits, 2, ints(0, 0, 1, -1), losses, floats(1));
        assertThat(losses.toFloats()).containsExactly(Float.NaN, 0, 0, 0);
        assertThat(logits.toFloats()).containsExactly(Float.NaN, Float.NaN, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void targetsBehindTheLastClassAreNamed() {
        Tensor logits = keep(device.zeros(DataType.F32, 2, 3));
        Tensor losses = floats(new float[2]);
        assertThatThrownBy(() -> kernels.softmaxCrossEntropy(logits, 3, ints(0, 3), losses, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("targets[1] must be less than 3, found 3");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 4099})
    void sumsAndSquares(int count) {
        Tensor values = random(DataType.F32, count);
        Tensor sum = floats(2);
        double expected = 0;
        double squares = 0;
        for (float value : values.toFloats()) {
            expected += value;
            squares += (double) value * value;
        }
        kernels.sum(values, sum, true);
        assertThat((double) sum.toFloats()[0]).isEqualTo(2 + expected, within(1e-6 * (2 + Math.abs(expected))));
        kernels.squaredNorm(values, sum);
        assertThat((double) sum.toFloats()[0]).isEqualTo(squares, within(1e-6 * squares));
    }

    @ParameterizedTest
    @CsvSource({"0.3,F32", "0,F32", "1,F32", "0.5,BF16"})
    void dropoutDrawsTheMaskInPlaceAndApart(float p, DataType type) {
        Tensor in = random(type, 4999);
        Tensor out = keep(device.allocate(type, 4999));
        Tensor key = ints(7, -9, 3, 0);
        kernels.dropout(in, out, p, key, 2, 0);
        float[] before = in.toFloats();
        float[] after = out.toFloats();
        for (int i = 0; i < before.length; i++) {
            float expected = before[i] * DropoutMask.factor(p, 7, -9, 3, 2, i);
            assertThat(after[i]).isEqualTo(expected, within(Math.abs(expected) * (float) type.epsilon()));
        }
        kernels.dropout(in, in, p, key, 2, 0);
        assertThat(in.toFloats()).containsExactly(after);
    }

    @Test
    void dropoutKeepsTheShareItShould() {
        float[] factors = new float[100_003];
        DropoutMask.factors(0.3f, new int[] {1, 2, 0}, 0, 5, 0, new int[4], factors, factors.length);
        int kept = 0;
        for (int i = 0; i < factors.length; i++) {
            assertThat(factors[i]).isEqualTo(DropoutMask.factor(0.3f, 1, 2, 0, 0, 5L + i));
            kept += factors[i] > 0 ? 1 : 0;
        }
        assertThat(kept / (double) factors.length).isEqualTo(0.7, within(0.01));
    }

    /** Periods shorter, as long as and longer than the blocks the work is done in. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3, 30, 4096, 5003, 20_000})
    void dropoutRepeatsItsMaskAfterAPeriod(long period) {
        Tensor in = keep(device.allocate(DataType.F32, 14_999));
        kernels.fill(in, 1);
        Tensor key = ints(7, -9, 3, 0);
        kernels.dropout(in, in, 0.4f, key, 2, period);
        float[] dropped = in.toFloats();
        for (int i = 0; i < dropped.length; i++) {
            assertThat(dropped[i]).isEqualTo(DropoutMask.factor(0.4f, 7, -9, 3, 2, i % period));
        }
    }

    @Test
    void aNegativePeriodOfDropoutIsRefused() {
        Tensor in = floats(1, 2);
        Tensor key = ints(7, -9, 3, 0);
        assertThatThrownBy(() -> kernels.dropout(in, in, 0.5f, key, 2, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("period must be at least 0, found -1");
    }

    @ParameterizedTest
    @CsvSource({"3,2,1,0.4", "3,0,1,1", "3,10,1,1", "3,2,0.5,0.4", "3,0,0.125,0.125", "3,5,1,1", "0,4,1,1"})
    void clipsByTheGlobalNorm(float first, float maxNorm, float unscale, float expected) {
        Tensor scale = floats(9);
        Tensor squaredNorm = floats(9);
        kernels.clipScale(floats(first, -4), maxNorm, unscale, squaredNorm, scale);
        assertThat(scale.toFloats()[0]).isEqualTo(expected, within(1e-7f));
        assertThat(squaredNorm.toFloats()[0]).isEqualTo(first * first + 16);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void aNormThatIsNotFiniteMakesTheScaleNaN(float gradient) {
        Tensor scale = floats(9);
        kernels.clipScale(floats(1, gradient), 0, 1, floats(9), scale);
        assertThat(scale.toFloats()[0]).isNaN();
    }

    @Test
    void operandsOfUnequalSizeAreRefused() {
        Tensor three = floats(1, 2, 3);
        Tensor two = floats(1, 2);
        assertThatThrownBy(() -> kernels.addScaled(three, 1, two))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("x must have 3 elements");
        assertThatThrownBy(() -> kernels.columnSum(three, two, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("matrix must have two axes and at least 2 columns");
        assertThatThrownBy(() -> kernels.gemm(false, false, 1, 2, 1, 1, two, 1, two, 2, 0, two, 2, three))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bias must have 2 elements");
        assertThatThrownBy(() -> kernels.convert(three, two)).isInstanceOf(IllegalArgumentException.class);
    }

    private static double[] plus(double[] a, double[] b) {
        double[] sum = new double[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }

    private static void assertClose(double[] found, double[] expected, double relative) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i])
                    .as("element %d", i)
                    .isEqualTo(expected[i], within(1e-6 + relative * Math.abs(expected[i])));
        }
    }

    private float[] randoms(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    private static void poisonPadding(float[] matrix, int columns, int pitch) {
        for (int row = 0; row < matrix.length; row += pitch) {
            Arrays.fill(matrix, row + columns, row + pitch, Float.NaN);
        }
    }

    private Tensor random(DataType type, int count) {
        return keep(device.of(type, randoms(count), count));
    }

    private Tensor floats(float... values) {
        return keep(device.of(DataType.F32, values, values.length));
    }

    private Tensor ints(int... values) {
        Tensor tensor = keep(device.allocate(DataType.I32, values.length));
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor keep(Tensor tensor) {
        open.add(tensor);
        return tensor;
    }
}
