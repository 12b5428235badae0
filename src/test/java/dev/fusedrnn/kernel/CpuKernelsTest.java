package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations on the CPU, element by element and over rows, against plain formulas. */
class CpuKernelsTest extends CpuKernelSuite {
    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "F16, F32"})
    void copiesABlockOfColumnsAndNothingBeside(DataType fromType, DataType toType) {
        int rows = 5;
        Tensor from = keep(device.zeros(fromType, rows, 7));
        Tensor to = keep(device.zeros(toType, rows, 6));
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
    @CsvSource({"1,1,1,8,F32", "3,5,3,8,BF16", "3,8,4,8,F16", "7,13,16,16,BF16"})
    void rowsGetRoomAndLoseIt(int rows, int columns, int toRows, int pitch, DataType type) {
        Tensor dense = random(type, rows * columns).view(0, rows, columns);
        Tensor padded = keep(device.of(type, new float[toRows * pitch], toRows, pitch));
        kernels.fill(padded, Float.NaN);
        Tensor back = keep(device.zeros(type, rows, columns));
        kernels.padRows(dense, padded);
        kernels.trimRows(padded.view(0, rows, pitch), back);
        float[] from = dense.toFloats();
        float[] found = padded.toFloats();
        for (int i = 0; i < toRows; i++) {
            for (int j = 0; j < pitch; j++) {
                assertThat(found[i * pitch + j]).isEqualTo(i < rows && j < columns ? from[i * columns + j] : 0);
            }
        }
        assertThat(back.toFloats()).containsExactly(from);
    }

    @Test
    void rowsWithoutRoomAreRefused() {
        Tensor small = floats(new float[6]).view(0, 2, 3);
        Tensor other = keep(device.zeros(DataType.BF16, 4, 4));
        Tensor large = floats(new float[16]).view(0, 4, 4);
        assertThatThrownBy(() -> kernels.padRows(large, small)).hasMessageContaining("room for all of");
        assertThatThrownBy(() -> kernels.padRows(small, other)).hasMessageContaining("of one type");
        assertThatThrownBy(() -> kernels.padRows(small, large.view(0, 16))).hasMessageContaining("room for all of");
        assertThatThrownBy(() -> kernels.trimRows(large, small)).hasMessageContaining("as many rows");
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

    private static void poisonPadding(float[] matrix, int columns, int pitch) {
        for (int row = 0; row < matrix.length; row += pitch) {
            Arrays.fill(matrix, row + columns, row + pitch, Float.NaN);
        }
    }
}
