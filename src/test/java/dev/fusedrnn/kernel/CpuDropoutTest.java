package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Dropout on the CPU against the mask of each element. */
class CpuDropoutTest extends CpuKernelSuite {
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
        assertThat(kept / (double) factors.length).isEqualTo(0.7, within(5 * Math.sqrt(0.7 * 0.3 / factors.length)));
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
}
