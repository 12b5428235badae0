package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Device;

/** One way of computing recurrent stacks. Engines are stateless; what they hold belongs to an {@link RnnExecution}. */
public sealed interface RecurrentEngine permits ReferenceEngine, CpuEngine, CudnnEngine, FusedEngine, AutoEngine {
    /** Short name as on the command line: {@code reference}, {@code cpu}, {@code cudnn}, {@code fused}. */
    String name();

    /** Whether this engine runs {@code config} on {@code device}, and if not, why. */
    Capability capability(RnnConfig config, Device device);

    /**
     * Prepares passes of T = {@code steps} and N = {@code batch}.
     *
     * @param training whether backward passes will follow
     * @throws IllegalArgumentException with the {@link Capability}'s reason if this engine does not run it
     */
    default RnnExecution prepare(RnnConfig config, Device device, int steps, int batch, boolean training) {
        return prepare(config, device, steps, batch, training, Scratch.single(device));
    }

    /**
     * The same.
     *
     * @param scratch where an execution on a GPU takes its scratch memory from
     */
    RnnExecution prepare(RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch);
}
