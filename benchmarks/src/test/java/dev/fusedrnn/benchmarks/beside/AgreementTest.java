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

class AgreementTest {
    @TempDir
    private Path folder;

    private Path file(String name, float[] y, float[] dx) throws IOException {
        Path file = folder.resolve(name);
        new SafetensorsWriter()
                .add("y", StoredType.F32, new long[] {y.length}, y)
                .add("dx", StoredType.F32, new long[] {dx.length}, dx)
                .write(file);
        return file;
    }

    @Test
    void theFarthestTensorDecides() throws IOException {
        Path exact = file("exact", new float[] {3, 4}, new float[] {1, 0, 0});
        Path found = file("found", new float[] {3, 4.05f}, new float[] {1, 0, 0.04f});
        Agreement agreement = Agreement.of(found, exact, 0.03);
        assertThat(agreement.tensor()).isEqualTo("dx");
        assertThat(agreement.error()).isCloseTo(0.04, within(1e-7));
        assertThat(agreement.tensors()).isEqualTo(2);
        assertThat(agreement.holds()).isFalse();
        assertThat(Agreement.of(found, exact, 0.05).holds()).isTrue();
    }

    @Test
    void whatIsNotANumberNeverAgrees() throws IOException {
        Path exact = file("exact", new float[] {3, 4}, new float[] {1});
        Path found = file("found", new float[] {3, Float.NaN}, new float[] {1});
        assertThat(Agreement.of(found, exact, 1e9).holds()).isFalse();
        assertThat(Agreement.of(exact, found, 1e9).holds()).isFalse();
    }

    @Test
    void anotherLengthNeverAgrees() {
        assertThat(Agreement.distance(new float[3], new float[2])).isInfinite();
        assertThat(Agreement.distance(new float[2], new float[2])).isZero();
        assertThat(Agreement.distance(new float[] {1, 0}, new float[2])).isInfinite();
    }

    @Test
    void filesWithoutACommonTensorAreNotCompared() throws IOException {
        Path exact = file("exact", new float[1], new float[1]);
        Path other = folder.resolve("other");
        new SafetensorsWriter()
                .add("z", StoredType.F32, new long[] {1}, new float[1])
                .write(other);
        assertThatThrownBy(() -> Agreement.of(other, exact, 1)).hasMessageContaining("no tensor is in both");
    }
}
