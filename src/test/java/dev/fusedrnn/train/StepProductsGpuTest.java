package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cuda.CublasLt;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.cuda.MatrixProduct;
import dev.fusedrnn.internal.cuda.RowPolicy;
import dev.fusedrnn.internal.cuda.SideStream;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The matrix products of a training step of sizes that are no multiples of 8. */
@Tag("gpu")
class StepProductsGpuTest {
    private static final int T = 3;
    private static final int N = 5;
    private static final int M = T * N;
    private static final int V = 37;
    private static final int H = 26;

    @ParameterizedTest
    @CsvSource({"LSTM, false", "LSTM, true", "GRU, false", "GRU, true", "RNN_TANH, false", "RNN_TANH, true"})
    void noneOf16BitsHasUnalignedOperandsAndCopiesChangeNoBit(CellType cell, boolean bidirectional) {
        float[] inOrder = gradients(cell, bidirectional, true, true);
        assertThat(gradients(cell, bidirectional, true, false)).containsExactly(inOrder);
        if (Gpu.isSimulated()) {
            // Its products have one order of sums, which zeros behind them do not change.
            assertThat(gradients(cell, bidirectional, false, false)).containsExactly(inOrder);
        }
    }

    private static float[] gradients(CellType cell, boolean bidirectional, boolean copies, boolean serial) {
        RnnConfig rnn = RnnConfig.of(cell, H, H)
                .withLayers(2)
                .withBidirectional(bidirectional)
                .withDataType(DataType.BF16);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(V, H, rnn).withDropout(0.25, 0.25);
        try (Device gpu = Gpu.open()) {
            CudaContext context = CudaContext.of(gpu);
            if (copies) {
                RowPolicy.of(context).ignoreSizes();
            }
            if (serial) {
                SideStream.of(context).serialize();
            }
            try (LanguageNetwork network = TinyLanguage.network(config, gpu, EngineChoice.FUSED, 7);
                    SequencePass pass = new SequencePass(network, T, N, true, true);
                    Tensor scale = gpu.of(DataType.F32, new float[] {1f / M}, 1)) {
                // Twice, so that the second pass meets what the first has left.
                for (int draw = 0; draw < 2; draw++) {
                    pass.load(tokens(1), tokens(2), 5, draw);
                    pass.differentiate(scale);
                }
                float[] gradients = network.parameters().gradients().toFloats();
                if (copies) {
                    requireAligned(CublasLt.of(context).products());
                    requireAligned(SideStream.of(context).products().products());
                }
                return gradients;
            }
        }
    }

    private static void requireAligned(Set<MatrixProduct> products) {
        assertThat(products.stream().filter(product -> product.operands() == CudaType.BF16))
                .isNotEmpty()
                .allMatch(MatrixProduct::hasAlignedOperands);
    }

    private static int[] tokens(long seed) {
        return new Random(seed).ints(M, 0, V).toArray();
    }
}
