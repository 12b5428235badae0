package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;

/**
 * Scratch memory of an execution by use. What every pass needs is taken when the execution is made; what only some calls
 * need (a gradient nobody asked for, say) when the first such call comes.
 */
final class Scratch implements AutoCloseable {
    /** What a block is for. */
    enum Use {
        WORKSPACE,
        WEIGHTS,
        WEIGHT_GRADIENTS,
        DY,
        DX,
        LAYER_GRADIENT_EVEN,
        LAYER_GRADIENT_ODD,
        HY,
        CY
    }

    private final Device device;
    private final Map<Use, Tensor> blocks = new EnumMap<>(Use.class);
    private long bytes;

    Scratch(Device device) {
        this.device = device;
    }

    /** The block for a use, taken now if there is none; its size must be the same each time. */
    long address(Use use, long wanted) {
        Tensor block = blocks.get(use);
        if (block == null) {
            block = device.allocate(DataType.I32, (wanted + Integer.BYTES - 1) / Integer.BYTES);
            blocks.put(use, block);
            bytes += block.byteSize();
        }
        return block.address();
    }

    /** Bytes taken so far. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        blocks.values().forEach(Tensor::close);
        blocks.clear();
    }
}
