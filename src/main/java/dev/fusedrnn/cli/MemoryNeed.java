package dev.fusedrnn.cli;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.Device;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * A lower estimate of the memory that training takes. Linux hands out more memory than it has and then ends a process that
 * uses it; so what cannot fit is refused before.
 *
 * @param parameters number of them
 * @param bytes in all
 */
record MemoryNeed(double parameters, double bytes) {
    /** Value and gradient of each parameter. */
    private static final int BYTES_PER_PARAMETER = 2 * Float.BYTES;

    static MemoryNeed of(LanguageNetworkConfig network, int batch, int steps) {
        double parameters = 0;
        for (Parameters.Entry entry : LanguageNetwork.plan(network).entries()) {
            parameters += entry.elements();
        }
        double perToken = network.rnn().inputSize();
        for (RnnConfig stack : network.stacks()) {
            perToken += (double) stack.layers()
                    * stack.directions()
                    * stack.hiddenSize()
                    * (stack.cell().gates() + 1);
        }
        return new MemoryNeed(
                parameters,
                parameters * BYTES_PER_PARAMETER
                        + perToken * batch * steps * network.rnn().dataType().bytes());
    }

    /** Refuses what cannot fit. */
    void require(Device device) {
        if (parameters > Integer.MAX_VALUE) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "the network has %,.0f parameters, at most %,d are possible; try a smaller --hidden, --layers or"
                            + " --embedding",
                    parameters,
                    Integer.MAX_VALUE));
        }
        OptionalLong memory = device.isCuda() ? OptionalLong.empty() : Machine.memoryBytes();
        if (memory.isPresent() && bytes > memory.getAsLong()) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "training takes at least %,.0f MiB of memory, this machine has %,d; try a smaller --hidden, --batch"
                            + " or --steps",
                    bytes / (1 << 20),
                    memory.getAsLong() >> 20));
        }
    }
}
