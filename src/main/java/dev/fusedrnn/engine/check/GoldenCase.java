package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.io.ReadLimits;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.tensor.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A case computed by another system in float64, read from a safetensors file: metadata {@code cell, batch, seqLen,
 * inputSize, hiddenSize, numLayers, numDirections, bias, projSize, seqLengths}; inputs {@code x, hx, cx, dy, dhy, dcy} and
 * parameters by PyTorch's names; expected values {@code y, hy, cy, dx, dhx, dcx} and {@code d_<parameter>} of the loss
 * {@code Σ y·dy + Σ hy·dhy + Σ cy·dcy}.
 *
 * @param name the file's name without its ending
 * @param data inputs, for a configuration in F64
 * @param expected the other system's values by tensor name
 * @param narrow names of expected tensors stored in less than float64
 */
public record GoldenCase(String name, CaseData data, Map<String, double[]> expected, Set<String> narrow) {
    private static final List<String> STATES = List.of("hy", "cy", "dhx", "dcx");

    /**
     * Reads a case.
     *
     * @throws IOException if the file cannot be read or is not of the format above
     */
    public static GoldenCase read(Path file) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file, ReadLimits.FOREIGN)) {
            return read(reader, file.getFileName().toString().replace(".safetensors", ""));
        } catch (IllegalArgumentException wrong) {
            throw new IOException(file + ": " + wrong.getMessage(), wrong);
        }
    }

    private static GoldenCase read(SafetensorsReader reader, String name) throws IOException {
        RnnConfig config = config(reader);
        CaseData data = data(reader, config, number(reader, "seqLen"), number(reader, "batch"));
        Map<String, double[]> expected = new LinkedHashMap<>();
        Set<String> narrow = new LinkedHashSet<>();
        expect(reader, "y", data.dy().length, expected, narrow);
        expect(reader, "dx", data.x().length, expected, narrow);
        long states = (long) config.layers() * config.directions() * data.batch();
        for (String tensor : STATES) {
            if (reader.contains(tensor)) {
                boolean cell = tensor.contains("c");
                long elements = states * (cell ? config.hiddenSize() : config.outputSize());
                expect(reader, tensor, elements, expected, narrow);
            }
        }
        for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
            expect(reader, "d_" + entry.name(), entry.elements(), expected, narrow);
        }
        return new GoldenCase(name, data, expected, narrow);
    }

    private static void expect(
            SafetensorsReader reader, String tensor, long elements, Map<String, double[]> expected, Set<String> narrow)
            throws IOException {
        expected.put(tensor, sized(reader, tensor, elements));
        if (reader.entry(tensor).type() != StoredType.F64) {
            narrow.add(tensor);
        }
    }

    private static RnnConfig config(SafetensorsReader reader) throws IOException {
        return new RnnConfig(
                CellType.valueOf(reader.metadata("cell").toUpperCase(Locale.ROOT)),
                number(reader, "inputSize"),
                number(reader, "hiddenSize"),
                number(reader, "numLayers"),
                number(reader, "numDirections") == 2,
                Boolean.parseBoolean(reader.metadata("bias")),
                number(reader, "projSize"),
                0,
                false,
                0,
                0,
                0,
                GruVariant.RESET_AFTER,
                DataType.F64,
                false,
                GateStorage.STORED);
    }

    private static CaseData data(SafetensorsReader reader, RnnConfig config, int steps, int batch) throws IOException {
        if (steps < 1 || batch < 1) {
            throw new IllegalArgumentException("seqLen and batch must be at least 1, found " + steps + " and " + batch);
        }
        ParameterLayout layout = ParameterLayout.of(config);
        double[] parameters = new double[Math.toIntExact(layout.elements())];
        for (ParameterLayout.Entry entry : layout.entries()) {
            double[] values = sized(reader, entry.name(), entry.elements());
            System.arraycopy(values, 0, parameters, Math.toIntExact(entry.offset()), values.length);
        }
        long states = (long) config.layers() * config.directions() * batch;
        long h = states * config.outputSize();
        long c = states * config.hiddenSize();
        long sequence = (long) steps * batch;
        return new CaseData(
                config,
                steps,
                batch,
                lengths(reader.metadata("seqLengths"), steps),
                parameters,
                sized(reader, "x", sequence * config.inputSize()),
                optional(reader, "hx", h),
                optional(reader, "cx", c),
                sized(reader, "dy", sequence * config.totalOutputSize()),
                optional(reader, "dhy", h),
                optional(reader, "dcy", c),
                new int[4]);
    }

    private static double[] optional(SafetensorsReader reader, String name, long elements) throws IOException {
        return reader.contains(name) ? sized(reader, name, elements) : null;
    }

    private static double[] sized(SafetensorsReader reader, String name, long elements) throws IOException {
        double[] values = reader.doubles(name);
        if (values.length != elements) {
            throw new IllegalArgumentException(
                    "tensor " + name + " must have " + elements + " elements, found " + values.length);
        }
        return values;
    }

    private static SequenceLengths lengths(String listed, int steps) {
        String numbers = listed.replaceAll("[\\[\\]\\s]", "");
        return numbers.isEmpty()
                ? null
                : SequenceLengths.of(
                        steps,
                        Arrays.stream(numbers.split(","))
                                .mapToInt(Integer::parseInt)
                                .toArray());
    }

    private static int number(SafetensorsReader reader, String key) throws IOException {
        String value = reader.metadata(key);
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(
                    "metadata " + key + " must be a whole number, found " + value, notANumber);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
