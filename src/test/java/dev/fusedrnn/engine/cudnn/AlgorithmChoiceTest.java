package dev.fusedrnn.engine.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.CudnnAlgorithm;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AlgorithmChoiceTest {
    private final RnnConfig config = RnnConfig.of(CellType.LSTM, 2, 3);

    @Test
    void strictF32IsNotLeftToTheSmallHiddenKernels() {
        Set<CudnnAlgorithm> all = EnumSet.allOf(CudnnAlgorithm.class);
        Set<CudnnAlgorithm> exact = EnumSet.complementOf(EnumSet.of(CudnnAlgorithm.PERSIST_STATIC_SMALL_H));
        Set<CudnnAlgorithm> alone = Set.of(CudnnAlgorithm.PERSIST_STATIC_SMALL_H);

        assertThat(AlgorithmChoice.eligible(config, all)).isEqualTo(exact);
        assertThat(AlgorithmChoice.eligible(config, alone)).isEqualTo(alone);
        assertThat(AlgorithmChoice.eligible(config.withTf32(true), all)).isEqualTo(all);
        assertThat(AlgorithmChoice.eligible(config.withDataType(DataType.BF16), all))
                .isEqualTo(all);
    }
}
