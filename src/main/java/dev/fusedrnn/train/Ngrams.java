package dev.fusedrnn.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How often runs of n tokens occur in a sentence. */
final class Ngrams {
    private Ngrams() {}

    static Map<List<String>, Integer> count(List<String> tokens, int n) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= tokens.size(); i++) {
            counts.merge(tokens.subList(i, i + n), 1, Integer::sum);
        }
        return counts;
    }

    /** Occurrences in {@code counts} that find a partner in {@code limits}, each of which serves once. */
    static int matches(Map<List<String>, Integer> counts, Map<List<String>, Integer> limits) {
        int matches = 0;
        for (Map.Entry<List<String>, Integer> entry : counts.entrySet()) {
            matches += Math.min(entry.getValue(), limits.getOrDefault(entry.getKey(), 0));
        }
        return matches;
    }
}
