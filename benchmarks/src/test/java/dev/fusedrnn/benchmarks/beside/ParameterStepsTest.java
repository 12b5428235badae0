package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParameterStepsTest {
    @TempDir
    private Path folder;

    @Test
    void samplesAreTheElementsAtEqualDistances() {
        assertThat(ParameterSteps.sample(new float[] {3, 1, 2})).containsExactly(3, 1, 2);
        float[] many = new float[(1 << 17) + 1];
        for (int i = 0; i < many.length; i++) {
            many[i] = i;
        }
        // 131073 elements: 65536 of them would be too few at a distance of 2.
        assertThat(ParameterSteps.sample(many))
                .hasSize(43691)
                .startsWith(0, 3, 6)
                .endsWith(131070);
    }

    @Test
    void gradientsAreComparedByElementAndChangesBySize() throws IOException {
        Path judge = file("judge", "w", new float[] {3, 4}, new float[] {0.3f, 0.4f});
        Path found = file("found", "w", new float[] {4, 3}, new float[] {0.4f, -0.3f});
        ParameterSteps steps = ParameterSteps.of(found, judge);
        assertThat(steps.gradients().get("w")).isCloseTo(Math.sqrt(2) / 5, within(1e-6));
        assertThat(steps.changes().get("w")).isCloseTo(0, within(1e-6));
    }

    @Test
    void aParameterThatStandsStillIsWhollyOff() throws IOException {
        Path judge = file("judge", "w", new float[] {1}, new float[] {0.5f});
        Path still = file("still", "w", new float[] {1}, new float[] {0});
        assertThat(ParameterSteps.of(still, judge).changes()).containsEntry("w", 1.0);
        assertThat(ParameterSteps.of(judge, still).changes()).containsEntry("w", Double.POSITIVE_INFINITY);
        assertThat(ParameterSteps.of(still, still).changes()).containsEntry("w", 0.0);
    }

    @Test
    void whatIsNoNumberIsFarthestAndMissingInTheRecord() throws IOException {
        Path judge = file("judge", "w", new float[] {3}, new float[] {1});
        Path found = file("found", "w", new float[] {3.3f}, new float[] {Float.NaN});
        ParameterSteps steps = ParameterSteps.of(found, judge);
        assertThat(steps.fields()).containsEntry("change.w", null);
        assertThat(steps.line()).contains("change.w NaN, gradient.w 1.00e-01");
    }

    @Test
    void aParameterThatIsNotThereIsAnError() throws IOException {
        Path judge = file("judge", "w", new float[1], new float[1]);
        Path found = file("found", "v", new float[1], new float[1]);
        assertThatThrownBy(() -> ParameterSteps.of(found, judge)).hasMessageContaining("gradient.w");
    }

    private Path file(String name, String parameter, float[] gradient, float[] change) throws IOException {
        Path file = ParameterSteps.beside(folder.resolve(name));
        new SafetensorsWriter()
                .add("gradient." + parameter, StoredType.F32, new long[] {gradient.length}, gradient)
                .add("change." + parameter, StoredType.F32, new long[] {change.length}, change)
                .write(file);
        return file;
    }
}
