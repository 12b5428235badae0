package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.io.ReadLimits;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckCommandTest {
    @TempDir
    Path folder;

    @Test
    void theCpuEnginePasses() {
        Tool check = Tool.run("check", "--device", "cpu", "--engine", "cpu", "--dtype", "f32");

        assertThat(check.code()).as(check.out()).isZero();
        assertThat(check.out()).contains("cpu on cpu, f32: 46 cases, 0 failed").endsWith("all 46 cases passed\n");
        for (String tensor : new String[] {"y", "hy", "cy", "dx", "dhx", "dcx", "d_weight_ih", "d_bias_hh"}) {
            assertThat(check.out()).containsPattern("(?m)^  " + tensor + " +[\\d,]+ +\\S+ +\\S+  ok ");
        }
    }

    @Test
    void aWrongGoldenValueIsFoundAndNamed() throws IOException {
        Path right = SharedData.golden("03-lstm-b2-t5-i3-h4-l1-d1.safetensors");
        Files.copy(right, folder.resolve("right.safetensors"));
        writeWithWrongValue(right, folder.resolve("wrong.safetensors"));

        Tool check = Tool.run(
                "check", "--device", "cpu", "--engine", "cpu", "--dtype", "f32", "--golden", folder.toString());

        assertThat(check.code()).isEqualTo(1);
        assertThat(check.out()).contains("cpu on cpu, f32, golden: 2 cases, 1 failed");
        assertThat(check.out()).containsPattern("(?m)^  dcx .*FAILED wrong, layer=0 n=1 unit=1$");
        assertThat(check.out()).endsWith("1 of 48 cases FAILED\n");
    }

    /** Copies a golden case with one element of dcx off by a thousandth. */
    private static void writeWithWrongValue(Path from, Path to) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(from, ReadLimits.FOREIGN)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            reader.metadata().forEach(writer::metadata);
            for (var entry : reader.entries()) {
                double[] values = reader.doubles(entry.name());
                if (entry.name().equals("dcx")) {
                    values = Arrays.copyOf(values, values.length);
                    values[5] += 1e-3;
                }
                long[] shape = entry.shape().stream().mapToLong(Long::longValue).toArray();
                writer.add(entry.name(), shape, values);
            }
            writer.write(to);
        }
    }
}
