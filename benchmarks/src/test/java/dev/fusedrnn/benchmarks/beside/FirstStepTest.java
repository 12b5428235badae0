package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstStepTest {
    @TempDir
    private Path folder;

    @Test
    void samplesAreTheElementsAtEqualDistances() {
        assertThat(FirstStep.sample(new float[] {3, 1, 2})).containsExactly(3, 1, 2);
        float[] many = new float[(1 << 17) + 1];
        for (int i = 0; i < many.length; i++) {
            many[i] = i;
        }
        // 131073 elements: 65536 of them would be too few at a distance of 2.
        assertThat(FirstStep.sample(many)).hasSize(43691).startsWith(0, 3, 6).endsWith(131070);
    }

    @Test
    void everyTensorIsComparedAndTheFarthestComesFirst() throws IOException {
        Path judge = file("judge", 3, 1);
        Path found = file("found", 3.3f, Float.NaN);
        FirstStep first = FirstStep.of(found, judge);
        assertThat(first.distances().get("gradient.w")).isCloseTo(0.1, within(1e-6));
        assertThat(first.fields()).containsEntry("change.w", null);
        assertThat(first.line()).contains("change.w NaN, gradient.w 1.00e-01");
    }

    private Path file(String name, float gradient, float change) throws IOException {
        Path file = FirstStep.beside(folder.resolve(name));
        new SafetensorsWriter()
                .add("gradient.w", StoredType.F32, new long[] {1}, new float[] {gradient})
                .add("change.w", StoredType.F32, new long[] {1}, new float[] {change})
                .write(file);
        return file;
    }
}
