package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sizes of a benchmark and its data, which are the same for every system: parameters uniform in ±1/√H, everything
 * else normal, from a fixed seed.
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

    /** Flat, in the library's order. */
    public float[] parameters() {
        float[] values = new float[(int) ParameterLayout.of(config).elements()];
        Random random = new Random(1);
        float limit = (float) (1 / Math.sqrt(config.hiddenSize()));
        for (int i = 0; i < values.length; i++) {
            values[i] = (2 * random.nextFloat() - 1) * limit;
        }
        return values;
    }

    /** [T, N, C]. */
    public float[] x() {
        return normal(2, steps * batch * config.inputSize());
    }

    /** [L, N, H]. */
    public float[] hx() {
        return normal(3, config.layers() * batch * config.hiddenSize());
    }

    /** [L, N, H]. */
    public float[] cx() {
        return normal(4, config.layers() * batch * config.hiddenSize());
    }

    /** [T, N, H]. */
    public float[] dy() {
        return normal(5, steps * batch * config.hiddenSize());
    }

    private static float[] normal(long seed, int count) {
        float[] values = new float[count];
        Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
