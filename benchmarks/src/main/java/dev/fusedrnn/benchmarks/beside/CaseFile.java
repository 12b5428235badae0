package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.ReadLimits;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.Parameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Sizes and values of a case as a safetensors file, which every system reads: sizes in the metadata, parameters by PyTorch's
 * names, everything stored in the type it is computed in, so that nobody rounds differently. Parameters of models are F32.
 */
final class CaseFile {
    /** For files that this package and its workers write. */
    static final ReadLimits LIMITS = ReadLimits.FOREIGN;

    private CaseFile() {}

    /** Writes a layer. */
    static void write(Path file, LayerData data, Precision precision) throws IOException {
        RnnConfig config = data.config();
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("cell", config.cell().id())
                .metadata("precision", precision.id())
                .metadata("T", String.valueOf(data.steps()))
                .metadata("N", String.valueOf(data.batch()))
                .metadata("C", String.valueOf(config.inputSize()))
                .metadata("H", String.valueOf(config.hiddenSize()))
                .metadata("L", String.valueOf(config.layers()))
                .metadata("D", String.valueOf(config.directions()));
        StoredType type = StoredType.of(precision.type());
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            long[] shape = entry.matrix() ? new long[] {entry.rows(), entry.columns()} : new long[] {entry.rows()};
            int from = Math.toIntExact(entry.offset());
            writer.add(
                    entry.name(),
                    type,
                    shape,
                    Arrays.copyOfRange(data.parameters(), from, from + Math.toIntExact(entry.elements())));
        }
        add(writer, type, "x", data.inputShape(), data.x());
        add(writer, type, "hx", data.stateShape(), data.hx());
        add(writer, type, "cx", data.stateShape(), data.cx());
        add(writer, type, "dy", data.outputShape(), data.dy());
        add(writer, type, "dhy", data.stateShape(), data.dhy());
        add(writer, type, "dcy", data.stateShape(), data.dcy());
        if (data.lengths() != null) {
            writer.add("lengths", new long[] {data.batch()}, data.lengths());
        }
        writer.write(file);
    }

    private static void add(SafetensorsWriter writer, StoredType type, String name, long[] shape, float[] values) {
        if (values != null) {
            writer.add(name, type, shape, values);
        }
    }

    /** Reads a layer. */
    static LayerData layer(SafetensorsReader file) throws IOException {
        RnnConfig config = precision(file)
                .apply(RnnConfig.of(
                                CellType.valueOf(file.metadata("cell").toUpperCase(Locale.ROOT)),
                                number(file, "C"),
                                number(file, "H"))
                        .withLayers(number(file, "L"))
                        .withBidirectional(number(file, "D") == 2));
        ParameterLayout layout = ParameterLayout.of(config);
        float[] parameters = new float[Math.toIntExact(layout.elements())];
        for (ParameterLayout.Entry entry : layout.entries()) {
            file.floats(entry.name(), parameters, Math.toIntExact(entry.offset()));
        }
        return new LayerData(
                config,
                number(file, "T"),
                number(file, "N"),
                file.contains("lengths") ? file.ints("lengths") : null,
                parameters,
                file.floats("x"),
                file.floats("hx"),
                floats(file, "cx"),
                file.floats("dy"),
                floats(file, "dhy"),
                floats(file, "dcy"));
    }

    /** The precision of a case. */
    static Precision precision(SafetensorsReader file) throws IOException {
        return Precision.parse(file.metadata("precision"));
    }

    private static float[] floats(SafetensorsReader file, String name) throws IOException {
        return file.contains(name) ? file.floats(name) : null;
    }

    private static int number(SafetensorsReader file, String key) throws IOException {
        return Integer.parseInt(file.metadata(key));
    }

    /** Writes a language model: parameters uniform in ±1/√H (the embedding in ±1), random tokens [T + 1, N]. */
    static void write(Path file, ModelShape shape, Precision precision) throws IOException {
        SplittableRandom random = new SplittableRandom(20_261_124);
        SafetensorsWriter writer =
                new SafetensorsWriter().metadata("model", line(shape)).metadata("precision", precision.id());
        for (Parameters.Entry entry :
                LanguageNetwork.plan(shape.network(precision)).entries()) {
            double range = entry.name().startsWith("embedding") ? 1 : 1 / Math.sqrt(shape.hidden());
            float[] values = new float[Math.toIntExact(entry.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((2 * random.nextDouble() - 1) * range);
            }
            long[] extents = new long[entry.shape().rank()];
            Arrays.setAll(extents, axis -> entry.shape().extent(axis));
            writer.add(entry.name(), StoredType.F32, extents, values);
        }
        int[] tokens = new int[(shape.steps() + 1) * shape.batch()];
        Arrays.setAll(tokens, i -> random.nextInt(shape.vocabulary()));
        writer.add("tokens", new long[] {shape.steps() + 1, shape.batch()}, tokens);
        writer.write(file);
    }

    private static String line(ModelShape s) {
        return String.join(
                " ",
                s.name(),
                s.cell(),
                String.valueOf(s.batch()),
                String.valueOf(s.steps()),
                String.valueOf(s.vocabulary()),
                String.valueOf(s.embedding()),
                String.valueOf(s.hidden()),
                String.valueOf(s.layers()),
                s.optimizer(),
                String.valueOf(s.rate()));
    }

    /** The sizes of a language model. */
    static ModelShape model(SafetensorsReader file) throws IOException {
        return ModelShape.parse(file.metadata("model"));
    }
}
