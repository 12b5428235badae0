package dev.fusedrnn.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Bytes that training holds on its device, by use. Workspaces that a device shares among all its users, as those of matrix
 * products, are left out.
 *
 * @param parameters values in the compute type, and F32 masters where they have 16 bits
 * @param gradients of all parameters
 * @param moments what the optimizer keeps of each parameter
 * @param activations what goes in and out of the stack, its gradients, states, a copy of the weights for weight drop
 * @param reserve what the stack keeps from its forward for its backward pass
 * @param workspace scratch memory of the stack's engine
 * @param loss logits of a chunk of rows, losses, and copies of what the head multiplies where those are made
 */
public record TrainingMemory(
        long parameters, long gradients, long moments, long activations, long reserve, long workspace, long loss) {
    /** This and another's. */
    TrainingMemory plus(TrainingMemory other) {
        return new TrainingMemory(
                parameters + other.parameters,
                gradients + other.gradients,
                moments + other.moments,
                activations + other.activations,
                reserve + other.reserve,
                workspace + other.workspace,
                loss + other.loss);
    }

    /** All together. */
    public long total() {
        return parameters + gradients + moments + activations + reserve + workspace + loss;
    }

    /** Bytes by name of use, in order. */
    public Map<String, Long> byUse() {
        Map<String, Long> uses = new LinkedHashMap<>();
        uses.put("parameters", parameters);
        uses.put("gradients", gradients);
        uses.put("moments", moments);
        uses.put("activations", activations);
        uses.put("reserve", reserve);
        uses.put("workspace", workspace);
        uses.put("loss", loss);
        return uses;
    }

    /** One line in MiB. */
    @Override
    public String toString() {
        return byUse().entrySet().stream()
                .map(use -> String.format(Locale.ROOT, "%s %.1f", use.getKey(), mebibytes(use.getValue())))
                .collect(Collectors.joining(
                        ", ", String.format(Locale.ROOT, "memory %.1f MiB: ", mebibytes(total())), ""));
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }
}
