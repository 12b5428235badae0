package dev.fusedrnn.nn;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.io.ReadLimits;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.TensorEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/** Parameters from a safetensors file of another system, such as a PyTorch {@code state_dict}. */
public final class StateDict {
    private StateDict() {}

    /**
     * Sets all parameters from tensors of the same names.
     *
     * @throws InvalidFileException if the file is damaged, or a tensor is missing, of another shape, or holds infinities or
     *     NaNs; no parameter has been changed then
     * @throws IOException if it is missing or cannot be read
     */
    public static void load(Path path, Parameters parameters) throws IOException {
        load(path, parameters, UnaryOperator.identity());
    }

    /**
     * The same where the file has other names.
     *
     * @param nameInFile from this library's name, such as {@code head.weight}, to the file's, such as {@code decoder.weight}
     */
    public static void load(Path path, Parameters parameters, UnaryOperator<String> nameInFile) throws IOException {
        Map<String, double[]> found = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(path, ReadLimits.FOREIGN)) {
            reader.verify();
            for (Parameters.Entry entry : parameters.entries()) {
                found.put(entry.name(), read(reader, nameInFile.apply(entry.name()), entry));
            }
        }
        found.forEach(parameters::set);
    }

    private static double[] read(SafetensorsReader reader, String name, Parameters.Entry expected) throws IOException {
        List<Long> shape = LongStream.range(0, expected.shape().rank())
                .map(axis -> expected.shape().extent((int) axis))
                .boxed()
                .toList();
        TensorEntry entry = reader.entry(name);
        if (!entry.shape().equals(shape)) {
            throw reader.invalid(
                    "tensor " + name + " for parameter " + expected.name() + " has shape " + entry.shape()
                            + ", expected " + shape,
                    entry.position());
        }
        reader.requireFinite(name);
        return reader.doubles(name);
    }
}
