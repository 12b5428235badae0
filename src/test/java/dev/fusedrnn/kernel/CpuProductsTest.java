package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products on the CPU against sums in double. */
class CpuProductsTest extends CpuKernelSuite {
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
}
