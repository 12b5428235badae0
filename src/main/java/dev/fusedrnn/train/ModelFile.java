package dev.fusedrnn.train;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.io.TensorEntry;
import dev.fusedrnn.nn.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What all saved models are: one safetensors file of a kind, with the network's parameters under PyTorch's names (in F32
 * whatever they are computed in), its configuration, texts such as vocabularies, and free settings.
 *
 * <p>Saving is atomic. Reading checks everything before anything is changed: checksums, version, gate order, that every
 * shape fits the configuration, that no value is infinite or NaN.
 *
 * @param kind of model, one line that a file of another kind does not have
 * @param config the network's configuration, in the words of its kind
 * @param plan the parameters of that configuration
 * @param parameters values by name
 * @param texts by name; they may be long
 * @param settings what the saver wanted to find again, such as the options of a command
 */
public record ModelFile(
        String kind,
        String config,
        List<Parameters.Entry> plan,
        Map<String, float[]> parameters,
        Map<String, String> texts,
        Map<String, String> settings) {

    /** Version of the format this writes, and the only one it reads. */
    public static final String VERSION = "1";

    /** How gates stand in the weights: see {@link dev.fusedrnn.engine.CellType}. */
    public static final String GATE_ORDER = "lstm:ifgo gru:rzn";

    private static final String TEXT = "text.";
    private static final String SETTING = "setting.";

    public ModelFile {
        plan = List.copyOf(plan);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** Parameters as they are now, without settings. Waits for queued work. */
    public static ModelFile of(String kind, String config, Parameters parameters, Map<String, String> texts) {
        List<Parameters.Entry> plan = List.copyOf(parameters.entries());
        return new ModelFile(kind, config, plan, values(parameters), texts, Map.of());
    }

    /** All values by name. Waits for queued work. */
    static Map<String, float[]> values(Parameters parameters) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Parameters.Entry entry : parameters.entries()) {
            values.put(entry.name(), parameters.get(entry.name()));
        }
        return values;
    }

    /**
     * Saves this in a file that is wholly old or wholly new at any time.
     *
     * @throws IllegalArgumentException if a value is infinite or NaN, because training has diverged: {@link #read} would refuse
     *     the file, and an older one in its place is worth more
     */
    public void save(Path path) throws IOException {
        writer().write(path);
    }

    /** A writer to which more may be added. */
    SafetensorsWriter writer() {
        parameters.forEach(ModelFile::requireFinite);
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("kind", kind)
                .metadata("format_version", VERSION)
                .metadata("gate_order", GATE_ORDER)
                .metadata("config", config);
        settings.forEach((key, value) -> writer.metadata(SETTING + key, value));
        for (Parameters.Entry entry : plan) {
            long[] shape = new long[entry.shape().rank()];
            for (int axis = 0; axis < shape.length; axis++) {
                shape[axis] = entry.shape().extent(axis);
            }
            writer.add(entry.name(), StoredType.F32, shape, parameters.get(entry.name()));
        }
        texts.forEach((name, text) -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            writer.add(TEXT + name, StoredType.U8, new long[] {bytes.length}, bytes);
        });
        return writer;
    }

    /** What is made of an open file whose checksums, kind and version are right. */
    interface Content<T> {
        /** May throw {@link IllegalArgumentException} for what does not fit. */
        T read(SafetensorsReader reader) throws IOException;
    }

    /**
     * Reads a file of a kind that {@link #save} wrote.
     *
     * @param plan the parameters of a configuration; throws IllegalArgumentException for a configuration that is none
     * @throws InvalidFileException if it is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static ModelFile read(Path path, String kind, Function<String, Parameters.Builder> plan) throws IOException {
        return open(path, kind, reader -> read(reader, kind, plan));
    }

    static <T> T open(Path path, String kind, Content<T> content) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(path)) {
            require(reader, "kind", kind);
            require(reader, "format_version", VERSION);
            require(reader, "gate_order", GATE_ORDER);
            reader.verify();
            try {
                return content.read(reader);
            } catch (IllegalArgumentException wrong) {
                throw reader.invalid(wrong.getMessage(), InvalidFileException.NO_POSITION);
            }
        }
    }

    static ModelFile read(SafetensorsReader reader, String kind, Function<String, Parameters.Builder> plan)
            throws IOException {
        String config = reader.metadata("config");
        List<Parameters.Entry> entries = plan.apply(config).entries();
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Parameters.Entry entry : entries) {
            values.put(entry.name(), StateFiles.finite(reader, entry.name(), entry.shape()));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (TensorEntry entry : reader.entries()) {
            String name = entry.name();
            if (name.startsWith(TEXT)) {
                texts.put(name.substring(TEXT.length()), new String(reader.bytes(name), StandardCharsets.UTF_8));
            }
        }
        Map<String, String> settings = new LinkedHashMap<>();
        reader.metadata().forEach((key, value) -> {
            if (key.startsWith(SETTING)) {
                settings.put(key.substring(SETTING.length()), value);
            }
        });
        return new ModelFile(kind, config, entries, values, texts, settings);
    }

    /**
     * A text of this file.
     *
     * @throws IllegalArgumentException if it has none of that name
     */
    public String text(String name) {
        String text = texts.get(name);
        if (text == null) {
            throw new IllegalArgumentException("the file has no text " + name + "; it has " + texts.keySet());
        }
        return text;
    }

    /**
     * Sets the parameters of a network of the same configuration; the data type may differ.
     *
     * @throws IllegalArgumentException if a name or size differs; nothing has been changed then
     */
    public void copyTo(Parameters target) {
        for (Parameters.Entry entry : target.entries()) {
            float[] values = parameters.get(entry.name());
            if (values == null || values.length != entry.elements()) {
                throw new IllegalArgumentException("parameter " + entry.name() + " of shape " + entry.shape()
                        + " needs " + entry.elements() + " values, the checkpoint has "
                        + (values == null ? "none" : values.length));
            }
        }
        parameters.forEach(target::set);
    }

    static void requireFinite(String name, float[] values) {
        for (int i = 0; values != null && i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "training has diverged, nothing was saved: " + name + " holds " + values[i] + " at index " + i);
            }
        }
    }

    private static void require(SafetensorsReader reader, String key, String expected) throws IOException {
        String found = reader.metadata(key);
        if (!found.equals(expected)) {
            throw reader.invalid(
                    key + ": expected '" + expected + "', found '" + found + "'", InvalidFileException.NO_POSITION);
        }
    }
}
