package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
    @TempDir
    Path folder;

    @Test
    void timesWhatAgreesWithTheReference() throws IOException {
        Path shapes =
                Files.writeString(folder.resolve("shapes"), "# sizes\ntiny 3 4 5 6 1 1\ntwo 2 3 4 5 2 2 # both ways\n");
        Path report = folder.resolve("bench.json");

        Tool bench = Tool.run(
                "bench",
                "--device",
                "cpu",
                "--shapes",
                shapes.toString(),
                "--cell",
                "lstm,rnn",
                "--dtype",
                "f32,bf16",
                "--tf32",
                "--seconds",
                "0.001",
                "--report",
                report.toString());

        assertThat(bench.code()).as(bench.err()).isZero();
        assertThat(bench.out().lines()).hasSize(1 + 2 * 2 * 2);
        assertThat(bench.out()).containsPattern("(?m)^two +rnn_tanh +bf16 +cpu on cpu +\\d+\\.\\d+ +\\d+\\.\\d+ ");
        assertThat(bench.out()).containsPattern("(?m)^two +lstm +tf32 +cpu on cpu +\\d+\\.\\d+ ");
        List<Json> results = Json.read(report).field("results").items();
        assertThat(results).hasSize(2 * 2 * 2).allSatisfy(result -> {
            assertThat(result.field("largestErrorInUnitsOfAllowed").asDouble()).isBetween(0.0, 1.0);
            assertThat(result.field("checkedOn").asString()).contains("-T").contains("-N");
            for (String pass : List.of("inference", "training")) {
                Json times = result.field(pass);
                assertThat(times.field("p10Ms").asDouble()).isPositive();
                assertThat(times.field("medianMs").asDouble())
                        .isBetween(
                                times.field("p10Ms").asDouble(),
                                times.field("p90Ms").asDouble());
                assertThat(times.field("samples").asLong()).isGreaterThanOrEqualTo(5);
            }
        });
    }

    @Test
    void whatNoArrayHoldsIsSaidAndTheOthersAreTimed() throws IOException {
        Path shapes = Files.writeString(
                folder.resolve("shapes"), "many 1000000 1000000 4 4 1 1\nwide 1 1 4 1048576 1 1\ntiny 3 4 5 6 1 1\n");

        Tool bench = Tool.run(
                "bench", "--device", "cpu", "--shapes", shapes.toString(), "--cell", "lstm", "--seconds", "0.001");

        assertThat(bench.code()).as(bench.err()).isZero();
        assertThat(bench.out())
                .containsPattern("(?m)^many .* too large: its largest array has 4,000,000,000,000 values, at most")
                .containsPattern("(?m)^wide .* too large: its largest array has 4,398,071,676,928 values, at most")
                .containsPattern("(?m)^tiny +lstm +f32 +cpu on cpu +\\d+");
    }

    @Test
    void anEngineThatIsNotThereIsSaidBeforeAnythingIsWritten() {
        Tool bench = Tool.run("bench", "--device", "cpu", "--engine", "fused");

        assertThat(bench.code()).isEqualTo(2);
        assertThat(bench.err()).startsWith("fusedrnn bench: --engine fused: not available: fused on cpu: ");
        assertThat(bench.out()).isEmpty();
    }

    @Test
    void quantilesAreOfTheSamples() {
        BenchTimer timer = new BenchTimer(new double[] {1, 2, 3, 4, 50}, 1);

        assertThat(timer.median()).isEqualTo(3);
        assertThat(timer.quantile(0)).isEqualTo(1);
        assertThat(timer.quantile(1)).isEqualTo(50);
    }
}
