package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ActivityTraceTest {
    @TempDir
    private Path folder;

    private ActivityTrace trace(String... lines) throws IOException {
        Path file = folder.resolve("activity.txt");
        Files.write(file, List.of(lines));
        return ActivityTrace.read(file);
    }

    /** The GPU's clock runs twice as fast and began elsewhere; kernels overlap; some lie outside the window. */
    @Test
    void sharesAreOfTheWindowOnTheHostsClock() throws IOException {
        ActivityTrace trace = trace(
                "clock 1000 500000",
                "kernel 1000 1200 before the window",
                "kernel 5000 5400 recurrence",
                "kernel 5200 5800 recurrence",
                "copy 6000 6400 4096",
                "kernel 6800 9000 update",
                "clock 21000 510000");
        Map<String, Object> window = trace.window(502000, 503000, 2);
        // Host: kernels 502000-502200, 502100-502400, 502900-504000; copy 502500-502700.
        assertThat((double) window.get("shareWithoutKernel")).isCloseTo(0.5, within(1e-9));
        assertThat((double) window.get("shareWithoutAnything")).isCloseTo(0.3, within(1e-9));
        assertThat(window.get("kernels")).isEqualTo(3);
        assertThat((double) window.get("kernelMillisecondsPerStep")).isCloseTo(0.00025, within(1e-12));
        List<?> byKernel = (List<?>) window.get("byKernel");
        assertThat(((Map<?, ?>) byKernel.get(0)).get("kernel")).isEqualTo("update");
        assertThat(((Map<?, ?>) byKernel.get(1)).get("timesPerStep")).isEqualTo(1.0);
    }

    @Test
    void anUnfinishedTraceIsRefused() {
        assertThatThrownBy(() -> trace("clock 1 1", "kernel 1 2 a"))
                .hasMessageContaining("expected the first and the last");
    }
}
