package dev.fusedrnn.train;

import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.TextCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A language model in one safetensors file: parameters under PyTorch's names (in F32 whatever they are computed in),
 * configuration, and where they exist the text codec (recipe, tokenizer, vocabulary), free settings, and the state of
 * training with the optimizer's arrays and the carried recurrent state.
 *
 * <p>Saving is atomic. Reading checks everything before anything is changed: checksums, version, gate order, that every
 * shape fits the configuration, that no value is infinite or NaN.
 *
 * @param config the network's sizes
 * @param parameters values by name
 * @param codec null if there is none
 * @param settings what the saver wanted to find again, such as the options of a command
 * @param training null if there is none
 */
public record Checkpoint(
        LanguageNetworkConfig config,
        Map<String, float[]> parameters,
        TextCodec codec,
        Map<String, String> settings,
        TrainingState training) {

    /** Version of the format this writes, and the only one it reads. */
    public static final String VERSION = "1";

    /** How gates stand in the weights: see {@link dev.fusedrnn.engine.CellType}. */
    public static final String GATE_ORDER = "lstm:ifgo gru:rzn";

    static final String KIND = "fusedrnn language model";
    private static final String CODEC = "text.codec";
    private static final String SETTING = "setting.";

    public Checkpoint {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** A network as it is now. Waits for queued work. */
    public static Checkpoint of(
            LanguageNetwork network, TextCodec codec, Map<String, String> settings, TrainingState training) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Parameters.Entry entry : network.parameters().entries()) {
            values.put(entry.name(), network.parameters().get(entry.name()));
        }
        return new Checkpoint(network.config(), values, codec, settings, training);
    }

    /** The same, to be trained with the gates kept or computed anew; a file says nothing of that. */
    public Checkpoint withGateStorage(GateStorage gateStorage) {
        return new Checkpoint(config.withGateStorage(gateStorage), parameters, codec, settings, training);
    }

    /**
     * Saves this in a file that is wholly old or wholly new at any time.
     *
     * @throws IllegalArgumentException if a value is infinite or NaN, because training has diverged: {@link #read} would refuse
     *     the file, and an older one in its place is worth more
     */
    public void save(Path path) throws IOException {
        parameters.forEach(Checkpoint::requireFinite);
        if (training != null) {
            requireFinite("first moment", training.moment1());
            requireFinite("second moment", training.moment2());
            requireFinite("iterate", training.iterate());
            requireFinite("carried state", training.h());
            requireFinite("carried cell state", training.c());
        }
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("kind", KIND)
                .metadata("format_version", VERSION)
                .metadata("gate_order", GATE_ORDER)
                .metadata("config", NetworkJson.write(config));
        settings.forEach((key, value) -> writer.metadata(SETTING + key, value));
        for (Parameters.Entry entry : plan(config)) {
            long[] shape = new long[entry.shape().rank()];
            for (int axis = 0; axis < shape.length; axis++) {
                shape[axis] = entry.shape().extent(axis);
            }
            writer.add(entry.name(), StoredType.F32, shape, parameters.get(entry.name()));
        }
        if (codec != null) {
            byte[] json = codec.toJson().getBytes(StandardCharsets.UTF_8);
            writer.add(CODEC, StoredType.U8, new long[] {json.length}, json);
        }
        if (training != null) {
            TrainingStateFile.write(writer, training);
        }
        writer.write(path);
    }

    /**
     * Reads a file that {@link #save} wrote.
     *
     * @throws InvalidFileException if it is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static Checkpoint read(Path path) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(path)) {
            require(reader, "kind", KIND);
            require(reader, "format_version", VERSION);
            require(reader, "gate_order", GATE_ORDER);
            reader.verify();
            try {
                return read(reader);
            } catch (IllegalArgumentException wrong) {
                throw reader.invalid(wrong.getMessage(), InvalidFileException.NO_POSITION);
            }
        }
    }

    private static Checkpoint read(SafetensorsReader reader) throws IOException {
        LanguageNetworkConfig config = NetworkJson.read(reader.metadata("config"));
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Parameters.Entry entry : plan(config)) {
            values.put(entry.name(), StateFiles.finite(reader, entry.name(), entry.shape()));
        }
        TextCodec codec = null;
        if (reader.contains(CODEC)) {
            codec = TextCodec.fromJson(new String(reader.bytes(CODEC), StandardCharsets.UTF_8));
            if (codec.vocabulary().size() != config.vocabularySize()) {
                throw new IllegalArgumentException("the vocabulary has "
                        + codec.vocabulary().size() + " tokens, the configuration says " + config.vocabularySize());
            }
        }
        Map<String, String> settings = new LinkedHashMap<>();
        reader.metadata().forEach((key, value) -> {
            if (key.startsWith(SETTING)) {
                settings.put(key.substring(SETTING.length()), value);
            }
        });
        return new Checkpoint(config, values, codec, settings, TrainingStateFile.read(reader));
    }

    /**
     * A network with these parameters.
     *
     * @throws IllegalArgumentException if the engine asked for cannot run it on the device
     */
    public LanguageNetwork network(Device device, EngineChoice choice) {
        LanguageNetwork network = LanguageNetwork.create(config, device, choice);
        try {
            copyTo(network);
            return network;
        } catch (RuntimeException | Error failed) {
            network.close();
            throw failed;
        }
    }

    /**
     * Sets the parameters of a network of the same configuration; the data type may differ.
     *
     * @throws IllegalArgumentException if a name or size differs; the network has not been changed then
     */
    public void copyTo(LanguageNetwork network) {
        for (Parameters.Entry entry : network.parameters().entries()) {
            float[] values = parameters.get(entry.name());
            if (values == null || values.length != entry.elements()) {
                throw new IllegalArgumentException("parameter " + entry.name() + " of shape " + entry.shape()
                        + " needs " + entry.elements() + " values, the checkpoint has "
                        + (values == null ? "none" : values.length));
            }
        }
        parameters.forEach(network.parameters()::set);
    }

    private static void requireFinite(String name, float[] values) {
        for (int i = 0; values != null && i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "training has diverged, nothing was saved: " + name + " holds " + values[i] + " at index " + i);
            }
        }
    }

    private static List<Parameters.Entry> plan(LanguageNetworkConfig config) {
        return LanguageNetwork.plan(config).entries();
    }

    private static void require(SafetensorsReader reader, String key, String expected) throws IOException {
        String found = reader.metadata(key);
        if (!found.equals(expected)) {
            throw reader.invalid(
                    key + ": expected '" + expected + "', found '" + found + "'", InvalidFileException.NO_POSITION);
        }
    }
}
