package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.TensorEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far one system's results are from the exact ones: ‖found − exact‖ / ‖exact‖, tensor by tensor.
 *
 * @param tensor the one that is farthest off
 * @param error its relative distance; NaN and infinity for values that are not numbers
 * @param tolerance what is allowed
 * @param tensors how many were compared
 */
record Agreement(String tensor, double error, double tolerance, int tensors) {
    /** Compares all tensors that both files hold; at least one must be there. */
    static Agreement of(Path found, Path exact, double tolerance) throws IOException {
        String worst = "";
        double largest = -1;
        int compared = 0;
        try (SafetensorsReader ours = SafetensorsReader.open(found, CaseFile.LIMITS);
                SafetensorsReader theirs = SafetensorsReader.open(exact, CaseFile.LIMITS)) {
            for (TensorEntry entry : ours.entries()) {
                if (!theirs.contains(entry.name())) {
                    continue;
                }
                double error = distance(ours.floats(entry.name()), theirs.floats(entry.name()));
                compared++;
                if (!(error <= largest)) {
                    worst = entry.name();
                    largest = error;
                }
                if (Double.isNaN(error)) {
                    break;
                }
            }
        }
        if (compared == 0) {
            throw new IllegalArgumentException("no tensor is in both " + found + " and " + exact);
        }
        return new Agreement(worst, largest, tolerance, compared);
    }

    /** Relative distance; infinite if the lengths differ. */
    static double distance(float[] found, float[] exact) {
        if (found.length != exact.length) {
            return Double.POSITIVE_INFINITY;
        }
        double difference = 0;
        double size = 0;
        for (int i = 0; i < found.length; i++) {
            double d = (double) found[i] - exact[i];
            difference += d * d;
            size += (double) exact[i] * exact[i];
        }
        return size == 0 ? (difference == 0 ? 0 : Double.POSITIVE_INFINITY) : Math.sqrt(difference / size);
    }

    /** Whether it is near enough; NaN is not. */
    boolean holds() {
        return error <= tolerance;
    }

    /** For the record. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("equal", holds());
        fields.put("farthest", tensor);
        fields.put("error", Double.isFinite(error) ? error : null);
        fields.put("tensors", tensors);
        return fields;
    }

    @Override
    public String toString() {
        return tensor + " is off by " + error + ", allowed is " + tolerance;
    }
}
