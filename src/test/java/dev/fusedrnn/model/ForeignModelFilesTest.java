package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.ModelFile;
import dev.fusedrnn.train.SequenceNetworkJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of sound checksums whose texts do not fit the network beside them: the file is at fault, not the caller. */
class ForeignModelFilesTest {
    private static final SequenceNetworkConfig NETWORK =
            SequenceNetworkConfig.of(0, RnnConfig.of(CellType.GRU, 1, 2), Pooling.FINAL, 2);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "maxSteps; x; For input string",
                "maxSteps; 0; maxSteps must be 1 or more",
                "maxSteps; 99999999999; For input string",
                "classes; [\"a\"]; there are 1 classes, the network has 2 outputs",
                "classes; {}; ''",
                "classes; [; not JSON",
                "codec; {}; ''"
            })
    void aClassifiersTextsMustFit(String text, String content, String message) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>(Map.of("classes", "[\"a\",\"b\"]", "maxSteps", "9"));
        texts.put(text, content);

        assertInvalid(texts, "fusedrnn sequence classifier", message, SequenceClassifier::load);
    }

    @ParameterizedTest
    @CsvSource({"lags, 4294967297", "horizon, 4294967298", "horizon, 1", "lags, 0"})
    void aForecastersWindowMustFit(String field, long value) throws IOException {
        Map<String, Long> sizes = new LinkedHashMap<>(Map.of("lags", 3L, "horizon", 2L));
        sizes.put(field, value);
        String window =
                "{\"lags\":%d,\"horizon\":%d,\"reading\":\"STEPS\",\"scaling\":\"TRAINING\",\"means\":[0.0],\"deviations\":[1.0]}"
                        .formatted(sizes.get("lags"), sizes.get("horizon"));

        assertInvalid(Map.of("window", window), "fusedrnn forecaster", "", Forecaster::load);
    }

    @Test
    void aMissingTextIsNamed() throws IOException {
        assertInvalid(Map.of(), "fusedrnn forecaster", "the file has no text window", Forecaster::load);
        assertInvalid(Map.of(), "fusedrnn sequence classifier", "the file has no text", SequenceClassifier::load);
    }

    private interface Load {
        AutoCloseable load(Path path, Device device, EngineChoice choice) throws IOException;
    }

    private void assertInvalid(Map<String, String> texts, String kind, String message, Load load) throws IOException {
        Path file = folder.resolve("model");
        try (Device device = Device.cpu()) {
            try (SequenceNetwork network =
                    SequenceNetwork.create(NETWORK, device, EngineChoice.CPU, Initialization.FRAMEWORK, 1)) {
                ModelFile.of(kind, SequenceNetworkJson.write(NETWORK), network.parameters(), texts)
                        .save(file);
            }
            ThrowingCallable loading = () -> load.load(file, device, EngineChoice.CPU);
            assertThatThrownBy(loading)
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageStartingWith(file + ": ")
                    .hasMessageContaining(message);
            assertThat(device.allocatedBytes()).isZero();
        }
    }
}
