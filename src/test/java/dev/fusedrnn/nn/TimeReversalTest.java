package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;

class TimeReversalTest {
    private static final int T = 3;
    private static final int N = 2;
    private static final int F = 2;
    private static final float[] X = {
        0, 1, 2, 3, // t = 0
        10, 11, 12, 13, // t = 1
        20, 21, 22, 23 // t = 2
    };
    private static final float[] REVERSED = {20, 21, 22, 23, 10, 11, 12, 13, 0, 1, 2, 3};
    /** The first sample has two steps, so its third stays. */
    private static final float[] REVERSED_WITHIN = {10, 11, 22, 23, 0, 1, 12, 13, 20, 21, 2, 3};

    @Test
    void eachSampleIsTurnedWithinItsLength() {
        SequenceLengths lengths = SequenceLengths.of(T, 2, 3);
        assertThat(TimeReversal.of(X, T, N, F, null)).containsExactly(REVERSED);
        assertThat(TimeReversal.of(X, T, N, F, lengths)).containsExactly(REVERSED_WITHIN);
        assertThat(TimeReversal.of(REVERSED_WITHIN, T, N, F, lengths)).containsExactly(X);
    }

    @Test
    void tensorsOfAnyTypeAreTurnedTheSameWay() {
        for (DataType type : new DataType[] {DataType.F64, DataType.F32, DataType.BF16, DataType.F16}) {
            try (Device device = Device.cpu();
                    Tensor x = device.of(type, X, T, N, F);
                    Tensor reversed = TimeReversal.of(x, null);
                    Tensor within = TimeReversal.of(x, SequenceLengths.of(T, 2, 3))) {
                assertThat(reversed.dataType()).isEqualTo(type);
                assertThat(reversed.shape()).isEqualTo(x.shape());
                assertThat(reversed.toFloats()).containsExactly(REVERSED);
                assertThat(within.toFloats()).containsExactly(REVERSED_WITHIN);
                assertThat(x.toFloats()).containsExactly(X);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Device device = Device.cpu();
                Tensor x = device.zeros(DataType.F32, T, N, F);
                Tensor flat = device.zeros(DataType.F32, T, N)) {
            assertThatThrownBy(() -> TimeReversal.of(flat, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x must have shape [T, N, F], found [3, 2]");
            assertThatThrownBy(() -> TimeReversal.of(x, SequenceLengths.of(T, 1, 1, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("seqLengths must have N = 2 elements, found 3");
            assertThatThrownBy(() -> TimeReversal.of(x, SequenceLengths.of(4, 1, 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("seqLengths[1] must be at most T = 3, found 4");
            assertThatThrownBy(() -> TimeReversal.of(X, T, N, 3, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3·2·3 = 18 elements, found 12");
        }
    }

    @Test
    void aClosedTensorIsRefused() {
        try (Device device = Device.cpu()) {
            Tensor x = device.zeros(DataType.F32, T, N, F);
            x.close();
            assertThatThrownBy(() -> TimeReversal.of(x, null)).isInstanceOf(IllegalStateException.class);
        }
    }
}
