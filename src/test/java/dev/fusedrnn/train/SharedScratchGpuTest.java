package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Minibatches of many lengths in the scratch memory of the longest. */
@Tag("gpu")
class SharedScratchGpuTest {
    private static final int N = 2;
    private static final int LONGEST = 6;

    /** Passes of some lengths with their recordings, the longest first. */
    private static final class Passes implements AutoCloseable {
        private final Map<Integer, SequencePass> passes = new LinkedHashMap<>();
        private final Map<Integer, Recording> recordings = new LinkedHashMap<>();
        private final Tensor scale;

        Passes(LanguageNetwork network, int... others) {
            scale = network.device().of(DataType.F32, new float[] {0.1f}, 1);
            passes.put(LONGEST, new SequencePass(network, LONGEST, N, true, true));
            for (int length : others) {
                passes.put(length, longest().shorter(length));
            }
            passes.forEach((length, pass) ->
                    recordings.put(length, network.kernels().recording(() -> pass.differentiate(scale))));
        }

        SequencePass longest() {
            return passes.get(LONGEST);
        }

        void run(int length, int draw) {
            SharedScratchGpuTest.load(passes.get(length), length, draw);
            recordings.get(length).run();
        }

        long[] memory() {
            TrainingMemory all = passes.values().stream()
                    .map(SequencePass::memory)
                    .reduce(TrainingMemory::plus)
                    .orElseThrow();
            return new long[] {all.workspace(), all.reserve(), all.total()};
        }

        @Override
        public void close() {
            recordings.values().forEach(Recording::close);
            passes.values().stream().filter(pass -> pass != longest()).forEach(SequencePass::close);
            longest().close();
            scale.close();
        }
    }

    /** Tensors, all memory of the device, and what passes say of theirs. */
    @ParameterizedTest
    @CsvSource({
        "FUSED, LSTM, BF16, STORED",
        "FUSED, GRU, F32, RECOMPUTED",
        "CUDNN, LSTM, BF16, STORED",
        "CUDNN, GRU, F32, STORED"
    })
    void manyLengthsTakeTheMemoryOfTheLongest(EngineChoice choice, CellType cell, DataType type, GateStorage gates) {
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config(cell, type, gates), gpu, choice, 7)) {
            long[][] found = new long[3][];
            long[][] said = new long[3][];
            for (int repeat = 0; repeat < found.length; repeat++) {
                int[] others = repeat < 2 ? new int[0] : new int[] {5, 4, 2, 1};
                CudaContext context = CudaContext.of(gpu);
                long before = context.freeBytes();
                try (Passes passes = new Passes(network, others)) {
                    for (int round = 0; round < 2; round++) {
                        passes.run(LONGEST, round);
                        for (int length : others) {
                            passes.run(length, round);
                        }
                    }
                    gpu.synchronize();
                    found[repeat] = new long[] {gpu.allocatedBytes(), before - context.freeBytes()};
                    said[repeat] = passes.memory();
                }
            }
            // The first time the device also gets what all that is prepared on it shares.
            assertThat(found[2]).containsExactly(found[1]);
            assertThat(said[2]).containsExactly(said[1]);
            assertThat(said[1][0]).isPositive();
        }
    }

    /** Lengths again and again, some replayed, some in turn: gradients and states are those of passes with memory of their own. */
    @ParameterizedTest
    @CsvSource({
        "FUSED, LSTM, BF16, STORED",
        "FUSED, GRU, BF16, RECOMPUTED",
        "FUSED, RNN_TANH, F32, STORED",
        "CUDNN, LSTM, BF16, STORED"
    })
    void sharingChangesNoBit(EngineChoice choice, CellType cell, DataType type, GateStorage gates) {
        int[] lengths = {6, 3, 3, 3, 6, 6, 1, 3, 1};
        try (Device gpu = Gpu.open();
                LanguageNetwork network = TinyLanguage.network(config(cell, type, gates), gpu, choice, 7);
                Passes passes = new Passes(network, 3, 1)) {
            for (int i = 0; i < lengths.length; i++) {
                List<float[]> before = values(carried(passes.longest()));
                passes.run(lengths[i], i);
                float[] gradients = network.parameters().gradients().toFloats();
                double loss = passes.longest().takeLoss();
                try (SequencePass own = new SequencePass(network, lengths[i], N, true, true)) {
                    List<Tensor> states = carried(own);
                    for (int s = 0; s < states.size(); s++) {
                        states.get(s).copyFrom(before.get(s));
                    }
                    load(own, lengths[i], i);
                    own.differentiate(passes.scale);
                    assertThat(loss).isEqualTo(own.takeLoss());
                    assertThat(gradients)
                            .containsExactly(network.parameters().gradients().toFloats());
                    List<float[]> expected = values(states);
                    List<float[]> after = values(carried(passes.longest()));
                    for (int s = 0; s < expected.size(); s++) {
                        assertThat(after.get(s)).containsExactly(expected.get(s));
                    }
                }
            }
        }
    }

    private static List<Tensor> carried(SequencePass pass) {
        List<Tensor> all = new ArrayList<>();
        for (RnnState state : pass.states()) {
            all.add(state.h());
            if (state.c() != null) {
                all.add(state.c());
            }
        }
        return all;
    }

    private static List<float[]> values(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::toFloats).toList();
    }

    private static void load(SequencePass pass, int length, int draw) {
        pass.load(tokens(length, draw), tokens(length, 100 + draw), 5, draw);
    }

    private static int[] tokens(int length, long seed) {
        return new Random(seed).ints((long) length * N, 0, TinyLanguage.V).toArray();
    }

    private static LanguageNetworkConfig config(CellType cell, DataType type, GateStorage gates) {
        RnnConfig rnn = RnnConfig.of(cell, 16, 16)
                .withLayers(3)
                .withDropout(0.25)
                .withDataType(type)
                .withGateStorage(gates);
        return LanguageNetworkConfig.of(TinyLanguage.V, 16, rnn)
                .withLastHiddenSize(8)
                .withDropout(0.25, 0.25);
    }
}
