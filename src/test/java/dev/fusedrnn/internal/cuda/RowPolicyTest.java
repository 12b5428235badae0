package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RowPolicyTest {
    @Test
    void copiesNeedLargeProductsAndManyMultiplicationsPerElement() {
        double least = RowPolicy.LEAST;
        assertThat(RowPolicy.isEnough(least, least / RowPolicy.LEAST_PER_ELEMENT))
                .isTrue();
        assertThat(RowPolicy.isEnough(least - 1, 1)).isFalse();
        assertThat(RowPolicy.isEnough(least, least / RowPolicy.LEAST_PER_ELEMENT + 1))
                .isFalse();
    }

    @Test
    void aPitchIsTheNextMultipleOfSixteenBytes() {
        for (CudaType type : CudaType.values()) {
            long step = 16 / type.bytes();
            for (long columns : new long[] {1, 7, 8, 9, 650, 1150, 33278}) {
                long pitch = MatrixProduct.pitch(columns, type);
                assertThat(pitch).isBetween(columns, columns + step - 1);
                assertThat(pitch % step).isZero();
            }
        }
    }

    @Test
    void rowsAndAddressesMakeAProductAligned() {
        assertThat(product(656, 656, 10000, 16).isAligned()).isTrue();
        assertThat(product(650, 656, 10000, 16).hasAlignedOperands()).isFalse();
        assertThat(product(656, 650, 10000, 16).hasAlignedOperands()).isFalse();
        assertThat(product(656, 656, 10000, 8).hasAlignedOperands()).isFalse();
        assertThat(product(656, 656, 10001, 16).hasAlignedOperands()).isTrue();
        assertThat(product(656, 656, 10001, 16).isAligned()).isFalse();
    }

    private static MatrixProduct product(long lda, long ldb, long ldc, int alignment) {
        return new MatrixProduct(
                CudaType.BF16, CudaType.BF16, false, true, 700, 10000, 650, lda, ldb, ldc, false, false, alignment);
    }
}
