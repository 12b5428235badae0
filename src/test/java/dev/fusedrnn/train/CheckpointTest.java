package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.io.TensorEntry;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.StateDict;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void roundTrip(DataType type) throws IOException {
        LanguageNetworkConfig config = TinyLanguage.tiedWithDropout(type);
        Path file = folder.resolve("model.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 3)) {
            Checkpoint.of(network, TinyLanguage.codec(), Map.of("a", "b"), null).save(file);
            Checkpoint read = Checkpoint.read(file);
            assertThat(read.config()).isEqualTo(config);
            assertThat(read.settings()).isEqualTo(Map.of("a", "b"));
            assertThat(read.training()).isNull();
            assertThat(read.codec().decode(2, 3)).isEqualTo("ab");
            try (LanguageNetwork again = read.network(device, EngineChoice.REFERENCE)) {
                assertThat(again.parameters().values().toFloats())
                        .containsExactly(network.parameters().values().toFloats());
                assertThat(again.parameters().masters().toFloats())
                        .containsExactly(network.parameters().masters().toFloats());
            }
            assertThat(read.parameters().keySet())
                    .contains("embedding.weight", "rnn.weight_ih_l0", "rnn.bias_hh_l1", "head.bias");
        }
    }

    @Test
    void aFileSaysNothingOfTheMemoryOfTraining() throws IOException {
        LanguageNetworkConfig config = TinyLanguage.tiedWithDropout(DataType.F32);
        LanguageNetworkConfig recomputed = config.withGateStorage(GateStorage.RECOMPUTED);
        Path file = folder.resolve("recomputed.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(recomputed, device, 3)) {
            Checkpoint.of(network, null, Map.of(), null).save(file);
        }
        Checkpoint read = Checkpoint.read(file);
        assertThat(read.config()).isEqualTo(config).isNotEqualTo(recomputed);
        assertThat(read.withGateStorage(GateStorage.RECOMPUTED).config()).isEqualTo(recomputed);
    }

    @Test
    void aFileOfABuildWithoutZoneoutIsRead() throws IOException {
        Fault older = metadata("older", "", ",\"variationalDropout\":false,\"zoneout\":0.0,\"cellZoneout\":0.0", "");
        Path file = saved();
        assertThat(Checkpoint.read(spoil(file, older)).config())
                .isEqualTo(Checkpoint.read(file).config());
        try (SafetensorsReader reader = SafetensorsReader.open(folder.resolve("spoiled.safetensors"))) {
            assertThat(reader.metadata("config")).contains("\"dropout\"").doesNotContain("oneout");
        }
    }

    @Test
    void theConfigurationSaysWhatIsDroppedAndHowWideTheLastLayerIs() throws IOException {
        LanguageNetworkConfig config = TinyLanguage.narrowing(DataType.F32);
        Path file = folder.resolve("model.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 3)) {
            Checkpoint.of(network, null, Map.of(), null).save(file);
        }
        assertThat(Checkpoint.read(file).config()).isEqualTo(config);
        assertThat(Checkpoint.read(file).parameters().keySet())
                .contains("rnn.weight_hh_l1", "rnn_last.weight_ih_l0")
                .doesNotContain("rnn.weight_hh_l2", "head.weight");
    }

    /** Written before weight drop, locked and embedding dropout, penalties and averages were there. */
    @Test
    void aFileOfAnEarlierBuildGoesOn() throws IOException {
        Path file = folder.resolve("earlier.safetensors");
        try (InputStream in = CheckpointTest.class.getResourceAsStream("earlier-build.safetensors")) {
            Files.copy(in, file);
        }
        Checkpoint read = Checkpoint.read(file);
        assertThat(read.config().dropouts()).isEqualTo(Dropouts.NONE.withOutput(0.25));
        assertThat(read.training().step()).isEqualTo(64);
        assertThat(read.training().penaltySum()).isZero();
        assertThat(read.training().history()).hasSize(2).allSatisfy(report -> {
            assertThat(report.trainPerplexity()).isBetween(13.0, 16.0);
            assertThat(report.learningRate()).isEqualTo(0.004);
            assertThat(report.penalty()).isZero();
        });
        try (Device device = Device.cpu();
                LanguageNetwork network = read.network(device, EngineChoice.AUTO)) {
            assertThat(network.parameters().get("head.bias"))
                    .isEqualTo(read.parameters().get("head.bias"));
        }
    }

    /** How a sound file is spoiled, and what the message must say. */
    private record Fault(String name, String message, UnaryOperator<String> metadata, String tensor, float[] values) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Fault> faults() {
        return Stream.of(
                metadata("another kind", "kind: expected", "fusedrnn language model", "something"),
                metadata("version 0", "format_version: expected '1', found '0'", "1", "0"),
                metadata("version 999", "format_version: expected '1', found '999'", "1", "999"),
                metadata("gate order", "gate_order: expected", "lstm:ifgo gru:rzn", "lstm:iofc gru:zrh"),
                metadata("shape not fitting", "shape", "\"hiddenSize\":3", "\"hiddenSize\":5"),
                metadata("size out of range", "hiddenSize must be", "\"hiddenSize\":3", "\"hiddenSize\":0"),
                metadata("size beyond int", "below 2^31", "\"hiddenSize\":3", "\"hiddenSize\":4294967299"),
                metadata("unknown cell", "CellType", "\"cell\":\"GRU\"", "\"cell\":\"QRNN\""),
                metadata("missing field", "no field 'layers'", "\"layers\"", "\"layer\""),
                metadata("config not JSON", "JSON", "{", "["),
                new Fault("NaN", "NaN", text -> text, "head.bias", new float[] {0, 0, Float.NaN, 0, 0, 0}),
                new Fault("infinite", "Infinity", text -> text, "head.bias", new float[] {
                    0, 0, Float.POSITIVE_INFINITY, 0, 0, 0
                }),
                new Fault("missing tensor", "no tensor head.bias", text -> text, "head.bias", null),
                new Fault("short tensor", "shape [5]", text -> text, "head.bias", new float[5]));
    }

    private static Fault metadata(String name, String message, String from, String to) {
        return new Fault(name, message, text -> text.replace(from, to), "", null);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFileThatDoesNotFitIsRefusedInOneLine(Fault fault) throws IOException {
        Path spoiled = spoil(saved(), fault);
        assertThatThrownBy(() -> Checkpoint.read(spoiled))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining(fault.message())
                .hasMessageContaining(spoiled.toString())
                .hasMessageNotContaining("\n");
    }

    @Test
    void aCodecOfAnotherSizeIsRefused() throws IOException {
        LanguageNetworkConfig config = LanguageNetworkConfig.of(9, 4, RnnConfig.of(CellType.GRU, 4, 3));
        Path file = folder.resolve("other.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(config, device, 3)) {
            Checkpoint.of(network, TinyLanguage.codec(), Map.of(), null).save(file);
        }
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("vocabulary has 6");
    }

    @Test
    void truncatedAndForeignFilesAreRefused() throws IOException {
        Path file = saved();
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {0, 7, 8, 100, bytes.length - 1}) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> Checkpoint.read(file)).isInstanceOf(InvalidFileException.class);
        }
        byte[] flipped = bytes.clone();
        flipped[bytes.length - 3] ^= 4;
        Files.write(file, flipped);
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void aDivergedModelDoesNotReplaceASoundFile() throws IOException {
        Path file = saved();
        byte[] before = Files.readAllBytes(file);
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 3), device, 3)) {
            network.parameters().set("head.bias", new float[] {0, 0, 0, 0, Float.NaN, 0});
            Checkpoint diverged = Checkpoint.of(network, null, Map.of(), null);
            assertThatThrownBy(() -> diverged.save(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("diverged")
                    .hasMessageContaining("head.bias");
        }
        assertThat(Files.readAllBytes(file)).containsExactly(before);
    }

    @Test
    void aNetworkOfOtherSizesIsLeftAlone() throws IOException {
        Checkpoint checkpoint = Checkpoint.read(saved());
        try (Device device = Device.cpu();
                LanguageNetwork other = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 4), device, 8)) {
            float[] before = other.parameters().values().toFloats();
            assertThatThrownBy(() -> checkpoint.copyTo(other))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rnn.weight_ih_l0");
            assertThat(other.parameters().values().toFloats()).containsExactly(before);
        }
    }

    @Test
    void parametersOfAnotherSystemAreFoundByTheirNames() throws IOException {
        Path file = folder.resolve("state_dict.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork source = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 3), device, 3);
                LanguageNetwork target = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 3), device, 4)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            UnaryOperator<String> names =
                    name -> name.replace("embedding.", "encoder.").replace("head.", "decoder.");
            source.parameters().entries().forEach(entry -> {
                long[] shape = new long[entry.shape().rank()];
                Arrays.setAll(shape, axis -> entry.shape().extent(axis));
                float[] values = source.parameters().get(entry.name());
                writer.add(names.apply(entry.name()), StoredType.F32, shape, values);
            });
            writer.write(file);
            float[] before = target.parameters().values().toFloats();
            assertThatThrownBy(() -> StateDict.load(file, target.parameters()))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageContaining("no tensor embedding.weight");
            assertThat(target.parameters().values().toFloats()).containsExactly(before);
            StateDict.load(file, target.parameters(), names);
            assertThat(target.parameters().values().toFloats())
                    .containsExactly(source.parameters().values().toFloats());
        }
    }

    private Path saved() throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 3), device, 3)) {
            Checkpoint.of(network, TinyLanguage.codec(), Map.of(), null).save(file);
        }
        return file;
    }

    private Path spoil(Path sound, Fault fault) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsReader reader = SafetensorsReader.open(sound)) {
            reader.metadata()
                    .forEach((key, value) ->
                            writer.metadata(key, fault.metadata().apply(value)));
            for (TensorEntry entry : reader.entries()) {
                long[] shape = entry.shape().stream().mapToLong(Long::longValue).toArray();
                if (!entry.name().equals(fault.tensor())) {
                    writer.add(entry.name(), entry.type(), shape, reader.bytes(entry.name()));
                } else if (fault.values() != null) {
                    writer.add(entry.name(), StoredType.F32, new long[] {fault.values().length}, fault.values());
                }
            }
        }
        Path spoiled = folder.resolve("spoiled.safetensors");
        writer.write(spoiled);
        return spoiled;
    }
}
