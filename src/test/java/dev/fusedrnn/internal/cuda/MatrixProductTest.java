package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MatrixProductTest {
    @Test
    void theAlignmentIsTheSmallestOfAllAddresses() {
        assertThat(MatrixProduct.alignmentOf(256, 512, 1024, 0)).isEqualTo(16);
        assertThat(MatrixProduct.alignmentOf(256, 520, 1024, 0)).isEqualTo(8);
        assertThat(MatrixProduct.alignmentOf(256, 512, 1024, 258)).isEqualTo(2);
    }

    @Test
    void stridesBelowTheStoredRowAreRefused() {
        assertThatThrownBy(() -> product(CudaType.F32, true, false, 6, 3, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lda must be at least 7, found 6");
        assertThatThrownBy(() -> product(CudaType.F32, false, true, 5, 4, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ldb must be at least 5, found 4");
    }

    @Test
    void aResultIsOfTheOperandsTypeOrF32() {
        assertThat(product(CudaType.F32, false, false, 5, 3, 3).result()).isEqualTo(CudaType.F32);
        assertThatThrownBy(() -> product(CudaType.BF16, false, false, 5, 3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gives F32 or F32, not BF16");
    }

    private static MatrixProduct product(
            CudaType result, boolean transposeA, boolean transposeB, long lda, long ldb, long ldc) {
        return new MatrixProduct(
                CudaType.F32, result, transposeA, transposeB, 7, 3, 5, lda, ldb, ldc, false, false, 16);
    }
}
