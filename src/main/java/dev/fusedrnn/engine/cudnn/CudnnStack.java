package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.CudnnAlgorithm;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cudnn.CudnnHandle;
import dev.fusedrnn.internal.cudnn.CudnnRnn;
import dev.fusedrnn.internal.cudnn.CudnnSpec;
import dev.fusedrnn.kernel.CudaTypes;

/**
 * Consecutive layers that run in one cuDNN call. Samples of full length take the chosen algorithm; lengths per sample take
 * the standard one, which is the only one that knows them on every device.
 */
final class CudnnStack implements AutoCloseable {
    private final RnnConfig config;
    private final int first;
    private final int layers;
    private final CudnnRnn full;
    private final CudnnRnn padded;
    private WeightMap fullMap;
    private WeightMap paddedMap;

    CudnnStack(
            CudnnHandle library,
            RnnConfig config,
            int first,
            int layers,
            int steps,
            int batch,
            boolean training,
            CudnnAlgorithm algorithm) {
        this.config = config;
        this.first = first;
        this.layers = layers;
        CudnnSpec spec = spec(config, first, layers);
        this.full = new CudnnRnn(library, spec, algorithm.id(), steps, batch, false, training);
        try {
            this.padded = new CudnnRnn(library, spec, CudnnAlgorithm.STANDARD.id(), steps, batch, true, training);
        } catch (RuntimeException | Error failed) {
            full.close();
            throw failed;
        }
    }

    /** Asks cuDNN for its weight layout; {@code base} is any device address. */
    void mapWeights(long base) {
        fullMap = map(full, base);
        paddedMap = map(padded, base);
    }

    /** First layer of the whole stack that runs here. */
    int first() {
        return first;
    }

    CudnnRnn rnn(int[] lengths) {
        if (lengths == null) {
            return full;
        }
        padded.setLengths(lengths);
        return padded;
    }

    WeightMap map(int[] lengths) {
        return lengths == null ? fullMap : paddedMap;
    }

    long weightBytes() {
        return Math.max(full.weightBytes(), padded.weightBytes());
    }

    long workspaceBytes() {
        return Math.max(full.workspaceBytes(), padded.workspaceBytes());
    }

    long reserveBytes() {
        return Math.max(full.reserveBytes(), padded.reserveBytes());
    }

    @Override
    public void close() {
        full.close();
        padded.close();
    }

    private WeightMap map(CudnnRnn rnn, long base) {
        return WeightMap.of(config, first, layers, rnn.weightBytes(), (layer, index) -> rnn.slot(layer, index, base));
    }

    static CudnnSpec spec(RnnConfig config, int first, int layers) {
        return new CudnnSpec(
                cell(config.cell()),
                config.layerInputSize(first),
                config.hiddenSize(),
                config.projSize(),
                layers,
                config.bidirectional(),
                config.bias(),
                config.cellClip(),
                CudaTypes.cudaType(config.dataType()),
                config.tf32());
    }

    private static int cell(CellType cell) {
        return switch (cell) {
            case RNN_RELU -> CudnnSpec.RELU;
            case RNN_TANH -> CudnnSpec.TANH;
            case LSTM -> CudnnSpec.LSTM;
            case GRU -> CudnnSpec.GRU;
        };
    }
}
