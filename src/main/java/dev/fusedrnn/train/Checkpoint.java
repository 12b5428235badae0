package dev.fusedrnn.train;

import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.TextCodec;
import java.io.IOException;
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

    static final String KIND = "fusedrnn language model";
    private static final String CODEC = "codec";

    public Checkpoint {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** A network as it is now. Waits for queued work. */
    public static Checkpoint of(
            LanguageNetwork network, TextCodec codec, Map<String, String> settings, TrainingState training) {
        return new Checkpoint(network.config(), ModelFile.values(network.parameters()), codec, settings, training);
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
        if (training != null) {
            ModelFile.requireFinite("first moment", training.moment1());
            ModelFile.requireFinite("second moment", training.moment2());
            ModelFile.requireFinite("iterate", training.iterate());
            ModelFile.requireFinite("carried state", training.h());
            ModelFile.requireFinite("carried cell state", training.c());
        }
        SafetensorsWriter writer = file().writer();
        if (training != null) {
            TrainingStateFile.write(writer, training);
        }
        writer.write(path);
    }

    /** All but the state of training. */
    private ModelFile file() {
        Map<String, String> texts = codec == null ? Map.of() : Map.of(CODEC, codec.toJson());
        List<Parameters.Entry> plan = LanguageNetwork.plan(config).entries();
        return new ModelFile(KIND, NetworkJson.write(config), plan, parameters, texts, settings);
    }

    /**
     * Reads a file that {@link #save} wrote.
     *
     * @throws InvalidFileException if it is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static Checkpoint read(Path path) throws IOException {
        return ModelFile.open(path, KIND, Checkpoint::read);
    }

    private static Checkpoint read(SafetensorsReader reader) throws IOException {
        ModelFile file = ModelFile.read(reader, KIND, config -> LanguageNetwork.plan(NetworkJson.read(config)));
        LanguageNetworkConfig config = NetworkJson.read(file.config());
        TextCodec codec = null;
        if (file.texts().containsKey(CODEC)) {
            codec = TextCodec.fromJson(file.text(CODEC));
            if (codec.vocabulary().size() != config.vocabularySize()) {
                throw new IllegalArgumentException("the vocabulary has "
                        + codec.vocabulary().size() + " tokens, the configuration says " + config.vocabularySize());
            }
        }
        return new Checkpoint(config, file.parameters(), codec, file.settings(), TrainingStateFile.read(reader));
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
        file().copyTo(network.parameters());
    }
}
