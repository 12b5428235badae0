package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One configuration, size and seed to compare engines on. Its {@link #name()} says all of it, and {@link #parse} makes the
 * same case from the name: {@code lstm-bidir-L2-T7-N6-C10-H6-lens-f32-seed17}.
 *
 * <p>The parts of a name: cell; {@code before} (GRU form), {@code bidir}; {@code L T N C H P} with their sizes (P only
 * with a projection); {@code nobias}; {@code drop0.3}, or {@code vdrop0.3} for the variational; {@code
 * zone0.2} (of h), {@code czone0.3} (of c); {@code clip0.5}; {@code lens} (drawn) or {@code lens7.5.1}; {@code
 * nostate} (no hx, cx and no gradient of hy, cy); {@code tf32}; {@code recompute} (gates not stored); the data type; {@code seed}.
 *
 * @param config what is computed
 * @param steps T
 * @param batch N
 * @param lengths empty for full length, {@code drawn}, or N lengths joined by dots
 * @param state whether there are hx, cx and gradients of hy, cy
 * @param seed where the data starts
 */
public record EngineCase(RnnConfig config, int steps, int batch, String lengths, boolean state, long seed) {
    /** The value of {@code lengths} that draws them from the seed: one sample is full, another has length 1. */
    public static final String DRAWN = "drawn";

    public EngineCase {
        Objects.requireNonNull(config, "config");
        if (steps < 1 || batch < 1) {
            throw new IllegalArgumentException("T and N must be at least 1, found " + steps + " and " + batch);
        }
        if (!lengths.isEmpty() && !lengths.equals(DRAWN)) {
            int given = parseLengths(steps, lengths).batch();
            if (given != batch) {
                throw new IllegalArgumentException("lengths of " + batch + " samples expected, found " + given);
            }
        }
    }

    /** A case of full length with an initial state. */
    public static EngineCase of(RnnConfig config, int steps, int batch, long seed) {
        return new EngineCase(config, steps, batch, "", true, seed);
    }

    /** The same with lengths drawn from the seed. */
    public EngineCase withDrawnLengths() {
        return new EngineCase(config, steps, batch, DRAWN, state, seed);
    }

    /** The same with these lengths. */
    public EngineCase withLengths(int... lengths) {
        String joined = Arrays.stream(lengths).mapToObj(Integer::toString).collect(Collectors.joining("."));
        return new EngineCase(config, steps, batch, joined, state, seed);
    }

    /** The same without hx, cx, dhy and dcy. */
    public EngineCase withoutState() {
        return new EngineCase(config, steps, batch, lengths, false, seed);
    }

    /** The same with another configuration. */
    public EngineCase withConfig(RnnConfig config) {
        return new EngineCase(config, steps, batch, lengths, state, seed);
    }

    /** The lengths, or null if all samples are full. */
    public SequenceLengths sequenceLengths() {
        if (lengths.isEmpty()) {
            return null;
        }
        return lengths.equals(DRAWN) ? drawLengths() : parseLengths(steps, lengths);
    }

    private SequenceLengths drawLengths() {
        SplittableRandom random = new SplittableRandom(seed ^ 0x6c656e73L);
        int[] drawn = random.ints(batch, 1, steps + 1).toArray();
        int full = random.nextInt(batch);
        drawn[full] = steps;
        if (batch > 1) {
            drawn[(full + 1 + random.nextInt(batch - 1)) % batch] = 1;
        }
        return SequenceLengths.of(steps, drawn);
    }

    private static SequenceLengths parseLengths(int steps, String joined) {
        return SequenceLengths.of(
                steps,
                Arrays.stream(joined.split("\\.")).mapToInt(Integer::parseInt).toArray());
    }

    /** All of this case in one word. */
    public String name() {
        StringBuilder name = new StringBuilder(config.cell().id());
        add(name, config.gruVariant() == GruVariant.RESET_BEFORE, "before");
        add(name, config.bidirectional(), "bidir");
        add(name, true, "L" + config.layers() + "-T" + steps + "-N" + batch);
        add(name, true, "C" + config.inputSize() + "-H" + config.hiddenSize());
        add(name, config.projSize() > 0, "P" + config.projSize());
        add(name, !config.bias(), "nobias");
        add(name, config.dropout() > 0, (config.variationalDropout() ? "vdrop" : "drop") + config.dropout());
        add(name, config.zoneout() > 0, "zone" + config.zoneout());
        add(name, config.cellZoneout() > 0, "czone" + config.cellZoneout());
        add(name, config.cellClip() > 0, "clip" + config.cellClip());
        add(name, !lengths.isEmpty(), "lens" + (lengths.equals(DRAWN) ? "" : lengths));
        add(name, !state, "nostate");
        add(name, config.tf32(), "tf32");
        add(name, config.gateStorage() == GateStorage.RECOMPUTED, "recompute");
        add(name, true, config.dataType().name().toLowerCase(Locale.ROOT));
        add(name, true, "seed" + seed);
        return name.toString();
    }

    private static void add(StringBuilder name, boolean present, String part) {
        if (present) {
            name.append('-').append(part);
        }
    }

    private static final Pattern NAME = Pattern.compile(
            "(?<cell>rnn_tanh|rnn_relu|lstm|gru)(?<before>-before)?"
                    + "(?<bidir>-bidir)?-L(?<L>\\d+)-T(?<T>\\d+)-N(?<N>\\d+)-C(?<C>\\d+)-H(?<H>\\d+)(-P(?<P>\\d+))?"
                    + "(?<nobias>-nobias)?(-(?<variational>v)?drop(?<drop>[0-9.E-]+?))?"
                    + "(-zone(?<zone>[0-9.E-]+?))?(-czone(?<czone>[0-9.E-]+?))?(-clip(?<clip>[0-9.E-]+?))?(-lens(?<lens>[0-9.]*))?"
                    + "(?<nostate>-nostate)?(?<tf32>-tf32)?(?<recompute>-recompute)?-(?<type>f64|f32|bf16|f16)-seed(?<seed>-?\\d+)");

    /**
     * The case of a {@link #name()}.
     *
     * @throws IllegalArgumentException if the name is not of this form
     */
    public static EngineCase parse(String name) {
        Matcher m = NAME.matcher(name);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "case must look like lstm-bidir-L2-T7-N6-C10-H6-lens-f32-seed17, found " + name);
        }
        RnnConfig config = new RnnConfig(
                CellType.valueOf(m.group("cell").toUpperCase(Locale.ROOT)),
                Integer.parseInt(m.group("C")),
                Integer.parseInt(m.group("H")),
                Integer.parseInt(m.group("L")),
                m.group("bidir") != null,
                m.group("nobias") == null,
                m.group("P") == null ? 0 : Integer.parseInt(m.group("P")),
                number(m, "drop"),
                m.group("variational") != null,
                number(m, "zone"),
                number(m, "czone"),
                number(m, "clip"),
                m.group("before") == null ? GruVariant.RESET_AFTER : GruVariant.RESET_BEFORE,
                DataType.valueOf(m.group("type").toUpperCase(Locale.ROOT)),
                m.group("tf32") != null,
                m.group("recompute") == null ? GateStorage.STORED : GateStorage.RECOMPUTED);
        String lens = m.group("lens");
        String lengths = lens == null ? "" : lens.isEmpty() ? DRAWN : lens;
        return new EngineCase(
                config,
                Integer.parseInt(m.group("T")),
                Integer.parseInt(m.group("N")),
                lengths,
                m.group("nostate") == null,
                Long.parseLong(m.group("seed")));
    }

    private static double number(Matcher m, String part) {
        return m.group(part) == null ? 0 : Double.parseDouble(m.group(part));
    }

    @Override
    public String toString() {
        return name();
    }
}
