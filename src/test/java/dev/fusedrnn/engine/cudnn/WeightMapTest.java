package dev.fusedrnn.engine.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.cudnn.WeightMap.Segment;
import dev.fusedrnn.internal.cudnn.CudnnSlot;
import dev.fusedrnn.tensor.DataType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WeightMapTest {
    private final RnnConfig config = RnnConfig.of(CellType.LSTM, 5, 3)
            .withLayers(2)
            .withBidirectional(true)
            .withProjSize(2)
            .withDataType(DataType.BF16);

    /** Our own layout as if it were cuDNN's, moved by {@code shift} bytes. */
    private static CudnnSlot ours(RnnConfig config, int pseudo, int index, int firstLayer, long shift) {
        ParameterLayout layout = ParameterLayout.of(config);
        int layer = firstLayer + pseudo / config.directions();
        int direction = pseudo % config.directions();
        int gates = config.cell().gates();
        if (index == 8) {
            ParameterLayout.Entry projection = layout.entry(Role.W_HR, layer, direction);
            return new CudnnSlot(bytes(config, projection.offset()) + shift, projection.elements(), -1, 0);
        }
        boolean input = index < gates;
        ParameterLayout.Entry matrix = layout.entry(input ? Role.W_IH : Role.W_HH, layer, direction);
        long elements = matrix.elements() / gates;
        long at = bytes(config, matrix.offset() + index % gates * elements) + shift;
        if (!config.bias()) {
            return new CudnnSlot(at, elements, -1, 0);
        }
        ParameterLayout.Entry bias = layout.entry(input ? Role.B_IH : Role.B_HH, layer, direction);
        long biasElements = bias.elements() / gates;
        return new CudnnSlot(
                at, elements, bytes(config, bias.offset() + index % gates * biasElements) + shift, biasElements);
    }

    private static long bytes(RnnConfig config, long elements) {
        return elements * config.dataType().bytes();
    }

    @Test
    void equalLayoutsAreOnePieceInPlace() {
        long elements = ParameterLayout.of(config).elements();
        WeightMap map = WeightMap.of(
                config, 0, 2, bytes(config, elements), (pseudo, index) -> ours(config, pseudo, index, 0, 0));
        assertThat(map.segments()).containsExactly(new Segment(0, 0, elements));
        assertThat(map.identity()).isTrue();
    }

    @Test
    void aLargerSpaceOrAnotherStartIsNotInPlace() {
        long bytes = bytes(config, ParameterLayout.of(config).elements());
        assertThat(WeightMap.of(config, 0, 2, bytes + 2, (pseudo, index) -> ours(config, pseudo, index, 0, 0))
                        .identity())
                .isFalse();
        WeightMap shifted = WeightMap.of(config, 0, 2, bytes, (pseudo, index) -> ours(config, pseudo, index, 0, 64));
        assertThat(shifted.identity()).isFalse();
        assertThat(shifted.segments()).hasSize(1).allMatch(segment -> segment.packed() == segment.flat() + 32);
    }

    @Test
    void exchangedGatesAreSeparatePiecesThatCoverEverythingOnce() {
        WeightMap map = WeightMap.of(config, 0, 2, 1 << 20, (pseudo, index) -> {
            int exchanged = index == 1 ? 2 : index == 2 ? 1 : index;
            return ours(config, pseudo, exchanged, 0, 0);
        });
        Set<Long> flat = new HashSet<>();
        Set<Long> packed = new HashSet<>();
        for (Segment segment : map.segments()) {
            for (long i = 0; i < segment.elements(); i++) {
                assertThat(flat.add(segment.flat() + i)).isTrue();
                assertThat(packed.add(segment.packed() + i)).isTrue();
            }
        }
        assertThat(flat).hasSize((int) ParameterLayout.of(config).elements()).isEqualTo(packed);
        assertThat(map.identity()).isFalse();
    }

    @Test
    void oneLayerOfSeveralKeepsItsPlaceInTheFlatArray() {
        RnnConfig plain = RnnConfig.of(CellType.GRU, 5, 3).withLayers(3);
        ParameterLayout layout = ParameterLayout.of(plain);
        WeightMap map = WeightMap.of(plain, 1, 1, 1 << 20, (pseudo, index) -> ours(plain, pseudo, index, 1, 0));
        ParameterLayout.Entry matrix = layout.entry(Role.W_IH, 1, 0);
        ParameterLayout.Entry bias = layout.entry(Role.B_IH, 1, 0);
        assertThat(map.segments())
                .isEqualTo(List.of(
                        new Segment(matrix.offset(), matrix.offset(), 2L * 9 * 3),
                        new Segment(bias.offset(), bias.offset(), 2L * 9)));
        assertThat(map.identity()).isFalse();
    }

    @Test
    void aMatrixOfAnotherSizeIsNotBelieved() {
        assertThatThrownBy(() -> WeightMap.of(config, 0, 2, 1, (pseudo, index) -> new CudnnSlot(0, 7, 0, 3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("weight_ih_l0 at byte 0 with 7 elements, expected 15 elements");
    }
}
