package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private Worker shell(String script) throws IOException {
        return Worker.start("shell", List.of("sh", "-c", script), Map.of("WORD", "kept"), folder.resolve("log"));
    }

    @Test
    void repliesAreToldFromOtherOutput() throws Exception {
        try (Worker worker =
                shell("read a; echo a library talks; echo \"@ {\\\"said\\\": \\\"$a $WORD\\\"}\"; read b")) {
            assertThat(worker.ask(LONG, "describe", "me").field("said").asString())
                    .isEqualTo("describe me kept");
        }
    }

    @Test
    void errorsAreReasons() throws Exception {
        try (Worker worker = shell("read a; echo '@ {\"error\": \"no such plan\"}'; read b; echo '@ {}'; read c")) {
            assertThatThrownBy(() -> worker.ask(LONG, "time", "x"))
                    .isInstanceOf(Worker.Failure.class)
                    .isNotInstanceOf(Worker.Lost.class)
                    .hasMessage("no such plan");
            assertThat(worker.ask(LONG, "close").fields()).isEmpty();
        }
    }

    @Test
    void aWorkerThatEndsIsLost() throws Exception {
        try (Worker worker = shell("read a; echo broken >&2; exit 3")) {
            assertThatThrownBy(() -> worker.ask(LONG, "write", "x"))
                    .isInstanceOf(Worker.Lost.class)
                    .hasMessageContaining("write x");
        }
        assertThat(Files.readString(folder.resolve("log"))).isEqualTo("broken\n");
    }

    @Test
    void aWorkerThatHangsIsEnded() throws Exception {
        try (Worker worker = shell("read a; sleep 60")) {
            assertThatThrownBy(() -> worker.ask(Duration.ofMillis(200), "time", "x"))
                    .isInstanceOf(Worker.Lost.class)
                    .hasMessageContaining("did not answer");
        }
    }

    @Test
    void aLostWorkerIsStartedAgainButNotForEver() throws Exception {
        String once = "read a; echo '@ {}'; read b; exit 1";
        try (Side side = new Side("shell", List.of("sh", "-c", once), folder.resolve("log"))) {
            assertThat(side.missing()).isEmpty();
            for (int i = 0; i < 4; i++) {
                assertThatThrownBy(() -> side.ask(LONG, "time", "x")).isInstanceOf(Worker.Lost.class);
            }
            assertThat(side.missing()).contains("shell ended during 'time x'");
        }
    }

    @Test
    void whatCannotBeStartedSaysWhy() throws Exception {
        try (Side side = new Side("none", List.of("/no/such/program"), folder.resolve("log"))) {
            assertThat(side.missing()).contains("/no/such/program");
        }
    }
}
