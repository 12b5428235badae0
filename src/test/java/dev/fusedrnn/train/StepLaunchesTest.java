package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.optim.Optimizer;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Sgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many kernels a recorded training step is: in a small model each costs about as much as what it computes. */
@Tag("gpu")
class StepLaunchesTest {
    private static final int T = 3;
    private static final int N = 8;
    /** Too large for a minibatch to have each token several times, and no multiple of what rows are padded to. */
    private static final int V = 17;

    /** The library's own kernels, copies included, and products, which on a GPU may be two kernels each. */
    @ParameterizedTest
    @CsvSource({
        "LSTM, BF16, 1, false, 14, 7",
        "LSTM, F32, 1, false, 14, 7",
        "LSTM, BF16, 3, true, 26, 18",
        "GRU, BF16, 2, true, 22, 13"
    })
    void aStepIsFewLaunches(CellType cell, DataType type, int layers, boolean embeds, int own, int products) {
        int features = embeds ? 32 : V;
        RnnConfig rnn = RnnConfig.of(cell, features, 32).withLayers(layers).withDataType(type);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(V, embeds ? features : 0, rnn);
        OptimizerConfig rule = embeds ? Adam.usual() : Sgd.plain();
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config, gpu, EngineChoice.FUSED, 7);
                SequencePass pass = new SequencePass(network, T, N, true, true);
                Tensor scale = gpu.of(DataType.F32, new float[] {1f / (T * N)}, 1);
                Tensor hyper = gpu.of(DataType.F32, new float[] {0.01f, 1}, 2);
                Optimizer optimizer = new Optimizer(rule, network.kernels(), network.parameters(), 1, hyper)) {
            pass.load(new int[T * N], new int[T * N], 5, 0);
            Runnable step = () -> {
                pass.differentiate(scale);
                optimizer.step(1);
            };
            step.run();
            Assumptions.assumeFalse(pass.plan().contains("streamed"), "the device has no persistent kernels");
            try (Graph graph = Graph.capture(CudaContext.of(gpu), step)) {
                int perProduct = Gpu.isSimulated() ? 1 : 2;
                assertThat(graph.nodes()).isLessThanOrEqualTo(own + perProduct * products);
            }
        }
    }
}
