package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products on the GPU against sums in double. */
@Tag("gpu")
class CudaProductsTest extends CudaKernelSuite {
    @ParameterizedTest
    @CsvSource({
        "1,1,1",
        "3,5,7",
        "17,13,31",
        "64,64,64",
        "33,65,129",
        "1,1024,256",
        "256,1,512",
        "129,127,1",
        "70,80,90"
    })
    void multipliesInAllTypesFormsAndStrides(int m, int n, int k) {
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            for (DataType resultType : type == DataType.F32 ? List.of(type) : List.of(type, DataType.F32)) {
                for (int form = 0; form < 4; form++) {
                    multiply(m, n, k, (form & 1) != 0, (form & 2) != 0, type, resultType, 0);
                    multiply(m, n, k, (form & 1) != 0, (form & 2) != 0, type, resultType, 3);
                }
            }
        }
    }

    /** With {@code pad}, there is a bias, rows are longer than needed and no operand is aligned to more than its element. */
    private void multiply(
            int m, int n, int k, boolean transposeA, boolean transposeB, DataType type, DataType resultType, int pad) {
        int lda = (transposeA ? m : k) + pad;
        int ldb = (transposeB ? k : n) + pad;
        int ldc = n + pad;
        Tensor a = drawn(type, (transposeA ? k : m) * lda + pad).view(pad, (long) (transposeA ? k : m) * lda);
        Tensor b = drawn(type, (transposeB ? n : k) * ldb + pad).view(pad, (long) (transposeB ? n : k) * ldb);
        Tensor c = drawn(resultType, m * ldc + pad).view(pad, (long) m * ldc);
        Tensor bias = pad == 0 ? null : drawn(resultType, n);
        float[] added = bias == null ? new float[n] : bias.toFloats();
        float[] va = a.toFloats();
        float[] vb = b.toFloats();
        float[] before = c.toFloats();
        onGpu.gemm(transposeA, transposeB, m, n, k, 1.5f, a, lda, b, ldb, -0.5f, c, ldc, bias);
        float[] after = c.toFloats();
        String name = "c[%d,%d] of " + type + " to " + resultType + " " + m + "x" + n + "x" + k + " transposed "
                + transposeA + "," + transposeB + " pad " + pad;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < ldc; j++) {
                double expected = before[i * ldc + j];
                double magnitude = 0;
                if (j < n) {
                    double sum = 0;
                    for (int l = 0; l < k; l++) {
                        double product = (double) va[transposeA ? l * lda + i : i * lda + l]
                                * vb[transposeB ? j * ldb + l : l * ldb + j];
                        sum += product;
                        magnitude += Math.abs(product);
                    }
                    expected = 1.5 * sum - 0.5 * expected + added[j];
                }
                double tolerance = j < n ? 4e-6 * (1 + magnitude) + resultType.epsilon() * Math.abs(expected) : 0;
                requireNear(String.format(name, i, j), after[i * ldc + j], expected, tolerance);
            }
        }
    }

    @Test
    void f32ProductsKeepAllBitsOfTheirOperands() {
        int size = 256;
        float value = 1 + 0x1p-12f;
        Tensor a = keep(gpu.allocate(DataType.F32, size, size));
        Tensor b = keep(gpu.allocate(DataType.F32, size, size));
        Tensor c = keep(gpu.allocate(DataType.F32, size, size));
        onGpu.fill(a, value);
        onGpu.fill(b, 1);
        onGpu.gemm(false, false, size, size, size, 1, a, size, b, size, 0, c, size, null);
        for (float found : c.toFloats()) {
            requireNear("TF32 would give " + size, found, size * (double) value, 1e-4);
        }
    }

    @Test
    void theSameProductGivesTheSameBits() {
        Tensor a = drawn(DataType.BF16, 300 * 4096);
        Tensor b = drawn(DataType.BF16, 4096 * 96);
        Tensor c = keep(gpu.allocate(DataType.F32, 300, 96));
        onGpu.gemm(false, false, 300, 96, 4096, 1, a, 4096, b, 96, 0, c, 96, null);
        float[] first = c.toFloats();
        for (int i = 0; i < 50; i++) {
            c.fillBytes((byte) 0xff);
            onGpu.gemm(false, false, 300, 96, 4096, 1, a, 4096, b, 96, 0, c, 96, null);
            assertThat(c.toFloats()).as("repetition %d", i).isEqualTo(first);
        }
    }

    @Test
    void betaZeroDoesNotReadTheOldValues() {
        Tensor a = drawn(DataType.F32, 16 * 16);
        Tensor c = keep(gpu.allocate(DataType.F32, 16, 16));
        c.fillBytes((byte) 0xff);
        onGpu.gemm(false, false, 16, 16, 16, 1, a, 16, a, 16, 0, c, 16, null);
        assertThat(c.toFloats()).doesNotContain(Float.NaN);
    }
}
