package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a model's first steps gave, by tensor: {@code losses} and {@code gradientNorms}, a value of each step.
 *
 * @param tensors values by name
 */
record StepValues(Map<String, float[]> tensors) {
    /** Reads what a worker wrote. */
    static StepValues read(Path file) throws IOException {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file, CaseFile.LIMITS)) {
            for (String name : List.of("losses", "gradientNorms")) {
                tensors.put(name, reader.floats(name));
            }
        }
        return new StepValues(tensors);
    }

    /** Each loss less the first one, from the second step on. */
    float[] progress() {
        float[] losses = tensors.get("losses");
        float[] progress = new float[losses.length - 1];
        for (int i = 0; i < progress.length; i++) {
            progress[i] = losses[i + 1] - losses[0];
        }
        return progress;
    }

    /** For the record. JSON has no word for what is not a number. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        tensors.forEach((name, values) -> {
            List<Object> list = new ArrayList<>();
            for (float value : values) {
                list.add(Float.isFinite(value) ? value : null);
            }
            fields.put(name, list);
        });
        return fields;
    }

    /** A line of each tensor, for people. */
    String lines(String plan) {
        StringBuilder lines = new StringBuilder();
        tensors.forEach((name, values) -> {
            lines.append(String.format("    %-14s %-14s", plan, name));
            for (float value : values) {
                lines.append(String.format(Locale.ROOT, " %.6g", value));
            }
            lines.append('\n');
        });
        return lines.toString();
    }
}
