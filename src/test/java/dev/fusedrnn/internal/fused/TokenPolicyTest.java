package dev.fusedrnn.internal.fused;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.internal.cuda.CudaType;
import org.junit.jupiter.api.Test;

class TokenPolicyTest {
    private static LayerShape lstm(CudaType type, long steps, long batch, long inputs, long hidden) {
        int lstm = LayerShape.cell("lstm", false);
        return new LayerShape(lstm, type, steps, batch, inputs, hidden, 0, 1, 0, 0, 0, 0, false, true, false);
    }

    @Test
    void aVocabularyOfHalfAMinibatchIsSmall() {
        LayerShape shape = lstm(CudaType.BF16, 5, 5, 7, 9);
        assertThat(TokenPolicy.isSmall(shape, 12)).isTrue();
        assertThat(TokenPolicy.isSmall(shape, 13)).isFalse();
    }

    /** The letters of the book's model are not worth it, a wide embedding is. */
    @Test
    void productsThatTakeLongerThanSomeLaunchesAreLarge() {
        assertThat(TokenPolicy.isLargeProduct(lstm(CudaType.BF16, 35, 32, 28, 256)))
                .isFalse();
        assertThat(TokenPolicy.isLargeProduct(lstm(CudaType.BF16, 64, 128, 512, 512)))
                .isTrue();
    }

    @Test
    void productsInF32AreLargeEarlier() {
        assertThat(TokenPolicy.isLargeProduct(lstm(CudaType.F32, 32, 32, 64, 256)))
                .isTrue();
        assertThat(TokenPolicy.isLargeProduct(lstm(CudaType.F16, 32, 32, 64, 256)))
                .isFalse();
        assertThat(TokenPolicy.isLargeProduct(lstm(CudaType.F32, 32, 31, 64, 256)))
                .isFalse();
    }
}
