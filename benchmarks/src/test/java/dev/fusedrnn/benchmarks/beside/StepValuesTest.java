package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepValuesTest {
    @TempDir
    private Path folder;

    @Test
    void everyStepIsInTheRecordAndOnALine() throws IOException {
        Path file = folder.resolve("losses");
        new SafetensorsWriter()
                .add("losses", StoredType.F32, new long[] {3}, new float[] {4.25f, Float.NaN, 0.5f})
                .add("gradientNorms", StoredType.F32, new long[] {3}, new float[] {0.125f, 70, Float.POSITIVE_INFINITY})
                .write(file);
        StepValues values = StepValues.read(file);
        assertThat(values.progress()).containsExactly(Float.NaN, -3.75f);
        Json record = Json.of(values.fields());
        assertThat(record.field("losses")).isEqualTo(Json.of(Arrays.asList(4.25f, null, 0.5f)));
        assertThat(record.field("gradientNorms")).isEqualTo(Json.of(Arrays.asList(0.125f, 70f, null)));
        assertThat(values.lines("library/auto").lines().map(line -> line.strip().split("\\s+")))
                .containsExactly(
                        new String[] {"library/auto", "losses", "4.25000", "NaN", "0.500000"},
                        new String[] {"library/auto", "gradientNorms", "0.125000", "70.0000", "Infinity"});
    }
}
