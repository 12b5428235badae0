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
 * A model's first step of two systems: ‖found − judge‖ / ‖judge‖ of every parameter's gradient and of its change. Norms alone do
 * not tell in which parameter two systems differ, and Adam's change tells noise of small gradients from that of large ones.
 *
 * @param distances by {@code gradient.} and {@code change.} with the parameter's name
 */
record FirstStep(Map<String, Double> distances) {
    /** The most elements of a parameter that are compared. */
    private static final int MOST = 1 << 16;

    /** How many of the largest distances people see. */
    private static final int SHOWN = 6;

    /** The file of the first step beside that of the losses. */
    static Path beside(Path losses) {
        return losses.resolveSibling(losses.getFileName() + ".first");
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
    static FirstStep of(Path found, Path judge) throws IOException {
        Map<String, Double> distances = new LinkedHashMap<>();
        try (SafetensorsReader ours = SafetensorsReader.open(found, CaseFile.LIMITS);
                SafetensorsReader theirs = SafetensorsReader.open(judge, CaseFile.LIMITS)) {
            for (TensorEntry entry : ours.entries()) {
                String name = entry.name();
                distances.put(name, Agreement.distance(ours.floats(name), theirs.floats(name)));
            }
        }
        return new FirstStep(distances);
    }

    /** For the record. JSON has no word for what is not a number. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        distances.forEach((name, distance) -> fields.put(name, Double.isFinite(distance) ? distance : null));
        return fields;
    }

    /** The largest distances on a line, for people. */
    String line() {
        return distances.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(SHOWN)
                .map(entry -> String.format(Locale.ROOT, "%s %.2e", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", ", "    first step, farthest: ", "\n"));
    }
}
