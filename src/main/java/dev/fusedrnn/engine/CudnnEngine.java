package dev.fusedrnn.engine;

import dev.fusedrnn.engine.cudnn.AlgorithmChoice;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.CudaRuntime;
import dev.fusedrnn.internal.cudnn.CudnnLibrary;
import dev.fusedrnn.internal.natives.NativeDevice;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Recurrent stacks by NVIDIA's cuDNN 9. Of the {@linkplain CudnnAlgorithm algorithms} that are legal for a shape it takes
 * the one it has measured to be fastest on the device; the first preparation of a shape is therefore slow.
 */
public final class CudnnEngine implements RecurrentEngine {
    /** The first compute capability with bfloat16 arithmetic. */
    private static final int BF16_MAJOR = 8;

    private final Set<CudnnAlgorithm> algorithms;

    /** Chooses among all algorithms. */
    public CudnnEngine() {
        this(EnumSet.allOf(CudnnAlgorithm.class));
    }

    /**
     * Chooses among some algorithms; a single one is taken without measuring.
     *
     * @throws IllegalArgumentException if there is none
     */
    public CudnnEngine(Set<CudnnAlgorithm> algorithms) {
        if (algorithms.isEmpty()) {
            throw new IllegalArgumentException("algorithms must not be empty");
        }
        this.algorithms = Set.copyOf(algorithms);
    }

    @Override
    public String name() {
        return "cudnn";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        if (config.gruVariant() == GruVariant.RESET_BEFORE) {
            return Capability.unsupported("cuDNN's GRU resets after the recurrent product, RESET_BEFORE is asked for");
        }
        if (config.zonesOut()) {
            return Capability.unsupported("cuDNN has no zoneout");
        }
        if (config.dataType() == DataType.F64) {
            return Capability.unsupported("the cudnn engine computes in F32, BF16 and F16, F64 is asked for");
        }
        if (!device.isCuda()) {
            return Capability.unsupported("the cudnn engine needs a CUDA device, found " + device.name());
        }
        String missing = CudnnLibrary.get().reason();
        if (!missing.isEmpty()) {
            return Capability.unsupported(missing);
        }
        if (config.dataType() == DataType.BF16 && computeMajor(device) < BF16_MAJOR) {
            return Capability.unsupported(
                    "BF16 needs compute capability " + BF16_MAJOR + ".0, found " + device.description());
        }
        return Capability.SUPPORTED;
    }

    @Override
    public RnnExecution prepare(
            RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch) {
        Capability capability = capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(capability.reason());
        }
        if (steps < 1 || batch < 1) {
            throw new IllegalArgumentException("T and N must be at least 1, found " + steps + " and " + batch);
        }
        return AlgorithmChoice.prepare(config, device, steps, batch, training, algorithms, scratch);
    }

    /** Why cuDNN cannot be used by this process; empty if it can. */
    public static String missing() {
        return CudnnLibrary.get().reason();
    }

    /** Version of the cuDNN that was found, as 9.19.0; empty if none can be used. */
    public static String version() {
        return CudnnLibrary.get().version();
    }

    private static int computeMajor(Device device) {
        List<NativeDevice> devices = CudaRuntime.get().devices();
        int ordinal = CudaContext.of(device).ordinal();
        return ordinal < devices.size() ? devices.get(ordinal).major() : 0;
    }
}
