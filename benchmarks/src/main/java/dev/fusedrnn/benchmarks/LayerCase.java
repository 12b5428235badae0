package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sizes of a JMH benchmark.
 *
 * @param config the stack
 * @param steps T
 * @param batch N
 */
public record LayerCase(RnnConfig config, int steps, int batch) {
    private static final Pattern NAME = Pattern.compile("(lstm|gru)-t(\\d+)-n(\\d+)-c(\\d+)-h(\\d+)-l(\\d+)");

    /** Reads a name such as {@code lstm-t64-n32-c128-h256-l2}. */
    public static LayerCase parse(String name) {
        Matcher m = NAME.matcher(name);
        if (!m.matches()) {
            throw new IllegalArgumentException("a case reads like lstm-t64-n32-c128-h256-l2, found " + name);
        }
        CellType cell = CellType.valueOf(m.group(1).toUpperCase(Locale.ROOT));
        RnnConfig config = RnnConfig.of(cell, number(m, 4), number(m, 5)).withLayers(number(m, 6));
        return new LayerCase(config, number(m, 2), number(m, 3));
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    /** The values every system computes with. */
    public LayerData data() {
        return LayerData.drawn(config, steps, batch, null).withoutStateGradients();
    }
}
