package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.train.EpochReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurveTest {
    @TempDir
    private Path folder;

    /** A disk that is full at the end of training: which of the files it was has to be said. */
    @Test
    void aPictureThatCannotBeWrittenIsNamed() {
        Path file = folder.resolve("gone").resolve("p.png");

        assertThatThrownBy(() -> Curve.draw(file, List.of(new EpochReport(1, 2, 3, 1, 1, 1, 0))))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("--plot " + file + ": not written: ");
    }
}
