package dev.fusedrnn.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a classifier says of a sequence.
 *
 * @param label the likeliest class
 * @param probabilities of all classes by name, in the order of their numbers; they sum to 1
 */
public record Classified(String label, Map<String, Double> probabilities) {
    public Classified {
        probabilities = Collections.unmodifiableMap(new LinkedHashMap<>(probabilities));
    }

    /** Probability of the likeliest class. */
    public double probability() {
        return probabilities.get(label);
    }
}
