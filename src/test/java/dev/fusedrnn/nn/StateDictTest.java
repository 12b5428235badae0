package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StateDictTest {
    @TempDir
    private Path folder;

    /** Counters, quantised copies and the like are nobody's parameters. */
    @Test
    void tensorsOfOtherTypesBesideTheParametersArePassedOver() throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (StoredType type : StoredType.values()) {
            writer.add("other." + type, type, new long[] {3}, new byte[3 * type.bytes()]);
        }
        Path file = folder.resolve("f");
        writer.add("w", new long[] {2, 1}, new double[] {0.5, -2}).write(file);
        try (Device device = Device.cpu();
                Parameters parameters = parameters(device, DataType.F32)) {
            StateDict.load(file, parameters);

            assertThat(parameters.get("w")).containsExactly(0.5f, -2);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e300", "BF16, 3.4e38", "F16, -65520"})
    void whatWouldBecomeInfiniteIsRefused(DataType type, double value) throws IOException {
        Path file = folder.resolve("f");
        new SafetensorsWriter()
                .add("w", new long[] {2, 1}, new double[] {1, value})
                .write(file);
        try (Device device = Device.cpu();
                Parameters parameters = parameters(device, type)) {
            assertThatThrownBy(() -> StateDict.load(file, parameters))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageContaining("tensor w holds " + value + " at 1, beyond the range of " + type);
            assertThat(parameters.get("w")).containsOnly(0);
        }
    }

    @ParameterizedTest
    @CsvSource({"F64, 1e300", "F32, 3.4e38", "BF16, 3.38e38", "F16, 65504"})
    void theLargestValuesOfATypeAreTaken(DataType type, double value) throws IOException {
        Path file = folder.resolve("f");
        new SafetensorsWriter()
                .add("w", new long[] {2, 1}, new double[] {value, -value})
                .write(file);
        try (Device device = Device.cpu();
                Parameters parameters = parameters(device, type)) {
            StateDict.load(file, parameters);

            assertThat(Arrays.stream(parameters.value("w").toDoubles())).allMatch(Double::isFinite);
        }
    }

    private static Parameters parameters(Device device, DataType type) {
        return Parameters.builder().add("w", 2, 1).build(device, type);
    }
}
