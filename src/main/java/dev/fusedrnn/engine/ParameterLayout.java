package dev.fusedrnn.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each parameter of a stack lies in one flat array: cuDNN's order, all matrices of every layer and direction
 * ({@code wIh}, {@code wHh}, then {@code wHr} if there is a projection), after them all biases ({@code bIh}, {@code
 * bHh}).
 *
 * <p>Names are those of PyTorch's {@code state_dict}: {@code weight_ih_l0}, {@code bias_hh_l1_reverse}, {@code
 * weight_hr_l0}.
 */
public final class ParameterLayout {
    /**
     * One parameter.
     *
     * @param name PyTorch's name
     * @param offset index of its first element in the flat array
     * @param rows first extent: {@code gates·H}, or P for {@code wHr}
     * @param columns second extent, or 1 for a bias
     * @param matrix whether it has two extents
     */
    public record Entry(String name, long offset, int rows, int columns, boolean matrix) {
        /** Number of elements. */
        public long elements() {
            return (long) rows * columns;
        }
    }

    /** The kinds of parameter a layer and direction has. */
    public enum Role {
        W_IH("weight_ih"),
        W_HH("weight_hh"),
        W_HR("weight_hr"),
        B_IH("bias_ih"),
        B_HH("bias_hh");

        private final String prefix;

        Role(String prefix) {
            this.prefix = prefix;
        }
    }

    private final Map<String, Entry> entries;
    private final long elements;

    private ParameterLayout(Map<String, Entry> entries, long elements) {
        this.entries = Collections.unmodifiableMap(entries);
        this.elements = elements;
    }

    /** The layout of a stack's parameters. */
    public static ParameterLayout of(RnnConfig config) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        long offset = 0;
        for (List<Role> group : List.of(matrices(config), biases(config))) {
            for (int layer = 0; layer < config.layers(); layer++) {
                for (int direction = 0; direction < config.directions(); direction++) {
                    for (Role role : group) {
                        Entry entry = entry(config, role, layer, direction, offset);
                        entries.put(entry.name(), entry);
                        offset = Math.addExact(offset, entry.elements());
                    }
                }
            }
        }
        return new ParameterLayout(entries, offset);
    }

    /** PyTorch's name of a parameter. */
    public static String name(Role role, int layer, int direction) {
        return role.prefix + "_l" + layer + (direction == 1 ? "_reverse" : "");
    }

    /** All parameters in the order they lie. */
    public List<Entry> entries() {
        return new ArrayList<>(entries.values());
    }

    /**
     * The parameter of a role, layer and direction.
     *
     * @throws IllegalArgumentException if the configuration has none
     */
    public Entry entry(Role role, int layer, int direction) {
        String name = name(role, layer, direction);
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("there is no parameter " + name + "; there are " + entries.keySet());
        }
        return entry;
    }

    /** Number of elements of the flat array. */
    public long elements() {
        return elements;
    }

    private static List<Role> matrices(RnnConfig config) {
        return config.projSize() > 0 ? List.of(Role.W_IH, Role.W_HH, Role.W_HR) : List.of(Role.W_IH, Role.W_HH);
    }

    private static List<Role> biases(RnnConfig config) {
        return config.bias() ? List.of(Role.B_IH, Role.B_HH) : List.of();
    }

    private static Entry entry(RnnConfig config, Role role, int layer, int direction, long offset) {
        int gateRows = Math.multiplyExact(config.cell().gates(), config.hiddenSize());
        String name = name(role, layer, direction);
        return switch (role) {
            case W_IH -> new Entry(name, offset, gateRows, config.layerInputSize(layer), true);
            case W_HH -> new Entry(name, offset, gateRows, config.outputSize(), true);
            case W_HR -> new Entry(name, offset, config.projSize(), config.hiddenSize(), true);
            case B_IH, B_HH -> new Entry(name, offset, gateRows, 1, false);
        };
    }
}
