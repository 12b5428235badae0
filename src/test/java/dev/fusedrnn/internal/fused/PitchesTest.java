package dev.fusedrnn.internal.fused;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.fused.Pitches.Recurrent;
import dev.fusedrnn.testing.Draw;
import org.junit.jupiter.api.Test;

class PitchesTest {
    private static LayerShape shape(String cell, CudaType type, long inputs, long hidden, long projection) {
        return new LayerShape(
                LayerShape.cell(cell, false),
                type,
                3,
                2,
                inputs,
                hidden,
                projection,
                2,
                0,
                0,
                0,
                0,
                false,
                true,
                false);
    }

    @Test
    void streamedRowsBeginAtSixteenBytes() {
        assertThat(Pitches.streamed(shape("lstm", CudaType.BF16, 650, 1150, 0)))
                .isEqualTo(streamed(656, 4600, 1152, 1152, 1152, new Recurrent(4600, 1152)));
        assertThat(Pitches.streamed(shape("gru", CudaType.F16, 7, 650, 0)))
                .isEqualTo(streamed(8, 1952, 656, 656, 656, new Recurrent(1952, 656)));
        assertThat(Pitches.streamed(shape("lstm", CudaType.F32, 9, 7, 3)))
                .isEqualTo(streamed(12, 28, 4, 8, 4, new Recurrent(28, 4)));
    }

    private static Pitches streamed(
            long inputs, long gates, long states, long units, long outputs, Recurrent recurrent) {
        return new Pitches(inputs, gates, states, units, outputs, recurrent, recurrent);
    }

    @Test
    void alignedRowsAreNotLonger() {
        assertThat(Pitches.streamed(shape("gru", CudaType.BF16, 1024, 512, 0)))
                .isEqualTo(streamed(1024, 1536, 512, 512, 512, new Recurrent(1536, 512)));
    }

    @Test
    void whatPersistentKernelsReadIsDenseButForRecurrentWeights() {
        assertThat(Pitches.persistent(shape("gru", CudaType.BF16, 650, 650, 0), 768, 1024))
                .isEqualTo(new Pitches(656, 1950, 650, 650, 656, new Recurrent(2304, 768), new Recurrent(3072, 1024)));
    }

    @Test
    void sizesBeyondLongAreRefused() {
        assertThatThrownBy(() -> Pitches.streamed(shape("lstm", CudaType.BF16, Long.MAX_VALUE - 3, 8, 0)))
                .isInstanceOf(ArithmeticException.class);
    }

    @Test
    void pitchesAreTheLeastAlignedSizes() {
        Draw.cases(1000, draw -> {
            int inputs = draw.whole(1, 3000);
            int hidden = draw.whole(2, 3000);
            for (CudaType type : CudaType.values()) {
                long step = 16 / type.bytes();
                for (String cell : new String[] {"lstm", "gru", "rnn_tanh"}) {
                    LayerShape shape = shape(cell, type, inputs, hidden, 0);
                    Pitches pitches = Pitches.streamed(shape);
                    isLeast(pitches.inputs(), inputs, step);
                    isLeast(pitches.gates(), shape.gateRows(), step);
                    isLeast(pitches.states(), hidden, step);
                    isLeast(pitches.units(), hidden, step);
                    isLeast(pitches.outputs(), hidden, step);
                }
            }
        });
    }

    private static void isLeast(long pitch, long count, long step) {
        assertThat(pitch % step).isZero();
        assertThat(pitch).isBetween(count, count + step - 1);
    }
}
