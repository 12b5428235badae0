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
import org.junit.jupiter.api.Test;

/** The matrix products of a training step of sizes that are no multiples of 8. */
@Tag("gpu")
class StepProductsGpuTest {
    private static final int T = 3;
    private static final int N = 5;
    private static final int M = T * N;
    private static final int V = 37;
    private static final int H = 26;

    @Test
    void noneOf16BitsHasUnalignedRowsAndWhatRunsBesideChangesNoBit() {
        float[] inOrder = gradients(true);
        assertThat(gradients(false)).containsExactly(inOrder);
    }

    private static float[] gradients(boolean serial) {
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, H, H).withLayers(2).withDataType(DataType.BF16);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(V, H, rnn).withDropout(0.25, 0.25);
        try (Device gpu = Gpu.open()) {
            CudaContext context = CudaContext.of(gpu);
            RowPolicy.of(context).ignoreSizes();
            if (serial) {
                SideStream.of(context).serialize();
            }
            try (LanguageNetwork network = TinyLanguage.network(config, gpu, EngineChoice.FUSED, 7);
                    SequencePass pass = new SequencePass(network, T, N, true, true);
                    Tensor scale = gpu.of(DataType.F32, new float[] {1f / M}, 1)) {
                pass.load(tokens(1), tokens(2), 5, 0);
                pass.differentiate(scale);
                float[] gradients = network.parameters().gradients().toFloats();
                requireAligned(CublasLt.of(context).products());
                requireAligned(SideStream.of(context).products().products());
                return gradients;
            }
        }
    }

    private static void requireAligned(Set<MatrixProduct> products) {
        assertThat(products.stream().filter(product -> product.operands() == CudaType.BF16))
                .isNotEmpty()
                .allMatch(MatrixProduct::hasAlignedOperands)
                // The head's gradient, whose place among the parameters is dense.
                .allMatch(product -> product.isAligned() || product.m() == V);
    }

    private static int[] tokens(long seed) {
        return new Random(seed).ints(M, 0, V).toArray();
    }
}
