package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Scratch memory of executions by use. Executions may share one if no pass of one runs between the forward and the backward pass
 * of another, as those of minibatches of several lengths: then there is as much of it as the largest needs. A block keeps its
 * address, since recordings hold it; who needs a larger one than there is gets another, so it takes least memory if the
 * largest execution is prepared first.
 */
public final class Scratch implements AutoCloseable {
    /** What a block is for. */
    public enum Use {
        WORKSPACE,
        TOKENS,
        MASKED_INPUT,
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
    private final boolean shared;
    private final Map<Use, Long> expected = new EnumMap<>(Use.class);
    private final Map<Use, Tensor> latest = new EnumMap<>(Use.class);
    private final List<Tensor> blocks = new ArrayList<>();
    private Object user;

    private Scratch(Device device, boolean shared) {
        this.device = device;
        this.shared = shared;
    }

    /** Memory that several executions share; whoever makes it closes it after them. */
    public static Scratch shared(Device device) {
        return new Scratch(device, true);
    }

    /** Memory of one execution, which closes it. */
    public static Scratch single(Device device) {
        return new Scratch(device, false);
    }

    /** Says that a block of {@code bytes} may be taken later, so that one which is taken before is not smaller. */
    public void expect(Use use, long bytes) {
        expected.merge(use, bytes, Math::max);
    }

    /** At least {@code bytes} for a use, taken from the device if there is no block as large; not within a recording then. */
    public Tensor take(Use use, long bytes) {
        long words = (bytes + Integer.BYTES - 1) / Integer.BYTES;
        Tensor block = latest.get(use);
        if (block == null || block.elements() < words) {
            long wanted = Math.max(bytes, expected.getOrDefault(use, 0L));
            block = device.allocate(DataType.I32, (wanted + Integer.BYTES - 1) / Integer.BYTES);
            blocks.add(block);
            latest.put(use, block);
        }
        return block.view(0, words);
    }

    /**
     * Says that a pass of an execution begins.
     *
     * @return whether the memory is as its last pass has left it, as far as passes outside of recordings go
     */
    public boolean enter(RnnExecution execution) {
        boolean kept = user == execution;
        user = execution;
        return kept;
    }

    /** Bytes taken so far. */
    public long bytes() {
        return blocks.stream().mapToLong(Tensor::byteSize).sum();
    }

    /** Bytes of which an execution says that it holds them: none of what it shares. */
    public long bytesOfExecution() {
        return shared ? 0 : bytes();
    }

    /** Says that an execution is closed. */
    public void leave() {
        if (!shared) {
            close();
        }
    }

    /** Frees all blocks. Closing twice is harmless. */
    @Override
    public void close() {
        blocks.forEach(Tensor::close);
    }
}
