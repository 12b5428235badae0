package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.TensorEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a model's first steps did to every parameter, of two systems. Norms over all parameters do not tell in which one two
 * systems differ, nor that one of them stands still.
 *
 * @param gradients by parameter: ‖found − judge‖ / ‖judge‖ of the first step's gradient
 * @param changes by parameter: how far ‖found‖ / ‖judge‖ of the change over all compared steps is from 1. Adam takes signs of
 *     gradients, so that elements whose gradient is near zero may go either way, all of them equally far.
 */
record ParameterSteps(Map<String, Double> gradients, Map<String, Double> changes) {
    static final String GRADIENT = "gradient.";
    static final String CHANGE = "change.";

    /** The most elements of a parameter that are compared. */
    private static final int MOST = 1 << 16;

    /** How many of the largest distances people see. */
    private static final int SHOWN = 6;

    /** The file of the parameters beside that of the losses. */
    static Path beside(Path losses) {
        return losses.resolveSibling(losses.getFileName() + ".parameters");
    }

    /** Elements at equal distances, all of them if they are few; {@code pytorch_worker.py} takes the same. */
    static float[] sample(float[] values) {
        int stride = (values.length + MOST - 1) / MOST;
        float[] taken = new float[(values.length + stride - 1) / stride];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = values[i * stride];
        }
        return taken;
    }

    /** Compares what two workers wrote. */
    static ParameterSteps of(Path found, Path judge) throws IOException {
        Map<String, Double> gradients = new LinkedHashMap<>();
        Map<String, Double> changes = new LinkedHashMap<>();
        try (SafetensorsReader ours = SafetensorsReader.open(found, CaseFile.LIMITS);
                SafetensorsReader theirs = SafetensorsReader.open(judge, CaseFile.LIMITS)) {
            for (TensorEntry entry : theirs.entries()) {
                String name = entry.name();
                float[] exact = theirs.floats(name);
                float[] values = ours.floats(name);
                if (name.startsWith(GRADIENT)) {
                    gradients.put(name.substring(GRADIENT.length()), Agreement.distance(values, exact));
                } else {
                    changes.put(name.substring(CHANGE.length()), sizeOff(values, exact));
                }
            }
        }
        return new ParameterSteps(gradients, changes);
    }

    private static double sizeOff(float[] found, float[] judge) {
        double size = size(judge);
        double other = size(found);
        return size == 0 ? (other == 0 ? 0 : Double.POSITIVE_INFINITY) : Math.abs(other / size - 1);
    }

    private static double size(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    /** For the record. JSON has no word for what is not a number. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        all().forEach((name, distance) -> fields.put(name, Double.isFinite(distance) ? distance : null));
        return fields;
    }

    /** The largest distances on a line, for people. */
    String line() {
        return all().entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(SHOWN)
                .map(entry -> String.format(Locale.ROOT, "%s %.2e", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", ", "    parameters, farthest: ", "\n"));
    }

    private Map<String, Double> all() {
        Map<String, Double> all = new LinkedHashMap<>();
        gradients.forEach((name, distance) -> all.put(GRADIENT + name, distance));
        changes.forEach((name, distance) -> all.put(CHANGE + name, distance));
        return all;
    }
}
