package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came out of a pass: {@code y, hy, cy, dx, dhx, dcx}, and {@code d_<name>} for each parameter, as far as it was
 * computed.
 *
 * @param tensors values by tensor name, in this order
 * @param damage writes outside the tensors that were found
 * @param plan how the engine did it
 */
public record PassResult(Map<String, double[]> tensors, List<String> damage, String plan) {
    public PassResult {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        damage = List.copyOf(damage);
    }

    /**
     * The values of a tensor.
     *
     * @throws IllegalArgumentException if it was not computed
     */
    public double[] get(String tensor) {
        double[] values = tensors.get(tensor);
        if (values == null) {
            throw new IllegalArgumentException("there is no " + tensor + " among " + tensors.keySet());
        }
        return values;
    }

    /** Adds the parts of a flat gradient under the names of their parameters. */
    static void putParameters(RnnConfig config, double[] flat, Map<String, double[]> tensors) {
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            int from = Math.toIntExact(entry.offset());
            int to = Math.toIntExact(entry.offset() + entry.elements());
            tensors.put("d_" + entry.name(), Arrays.copyOfRange(flat, from, to));
        }
    }
}
