package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.io.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListsTest {
    private static final Path LISTS = Path.of("gpu", "lists");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"layers, 18", "untuned, 10", "tiny, 4", "deepbench-training, 41", "deepbench-inference, 35"})
    void listsOfLayersAreWhole(String list, int shapes) throws IOException {
        assertThat(LayerShape.read(LISTS.resolve(list + ".txt"))).hasSize(shapes);
    }

    @ParameterizedTest
    @CsvSource({"models, 9", "models-adam, 7", "models-tiny, 3"})
    void listsOfModelsAreWhole(String list, int models) throws IOException {
        List<ModelShape> shapes = ModelShape.read(LISTS.resolve(list + ".txt"));
        assertThat(shapes).hasSize(models);
        shapes.forEach(shape ->
                assertThat(shape.network(Precision.BF16).vocabularySize()).isEqualTo(shape.vocabulary()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a 1 2 3 4 5", "a 1 2 3 4 5 0", "a 1 2 3 4 5 1 lsmt", "a x 2 3 4 5 1"})
    void whatIsNoLayerIsRefused(String line) {
        assertThatThrownBy(() -> LayerShape.parse(line)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void skewedLengthsHoldOneFullSampleAndAreShortOnAverage() {
        int[] lengths = LayerShape.parse("a 200 300 1 1 1 1 skewed").lengths();
        assertThat(lengths[0]).isEqualTo(300);
        assertThat(Arrays.stream(lengths)).allMatch(length -> length >= 1 && length <= 300);
        assertThat(Arrays.stream(lengths).average().orElseThrow()).isCloseTo(100, within(15.0));
    }

    /** What the other systems read is what this one computes with, rounded as it is stored. */
    @Test
    void casesReadBack() throws IOException {
        LayerShape shape = LayerShape.parse("a 3 4 5 6 2 2 skewed");
        LayerData data = shape.data(CellType.LSTM, Precision.BF16);
        Path file = folder.resolve("case");
        CaseFile.write(file, data, Precision.BF16);
        try (SafetensorsReader reader = SafetensorsReader.open(file, CaseFile.LIMITS)) {
            LayerData read = CaseFile.layer(reader);
            assertThat(read.config()).isEqualTo(data.config());
            assertThat(read.lengths()).isEqualTo(data.lengths());
            assertThat(Agreement.distance(read.parameters(), data.parameters())).isBetween(1e-4, 4e-3);
            assertThat(Agreement.distance(read.dcy(), data.dcy())).isBetween(1e-4, 4e-3);
        }
    }
}
