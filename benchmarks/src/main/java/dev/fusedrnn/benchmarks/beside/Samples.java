package dev.fusedrnn.benchmarks.beside;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Milliseconds of one plan, round by round. */
final class Samples {
    private final List<List<Double>> rounds = new ArrayList<>();

    void add(List<Double> round) {
        rounds.add(round);
    }

    /** The median of all samples. */
    double median() {
        return quantile(all(), 0.5);
    }

    private List<Double> all() {
        return rounds.stream().flatMap(List::stream).toList();
    }

    /** Of all samples, and the least and largest median of a round. */
    Map<String, Object> summary() {
        List<Double> all = all();
        List<Double> medians =
                rounds.stream().map(round -> quantile(round, 0.5)).toList();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("medianMs", median());
        fields.put("p10Ms", quantile(all, 0.1));
        fields.put("p90Ms", quantile(all, 0.9));
        fields.put("leastRoundMs", Collections.min(medians));
        fields.put("largestRoundMs", Collections.max(medians));
        fields.put("samples", all.size());
        return fields;
    }

    /** The value below which a share of the values lies, taken between neighbours. */
    static double quantile(List<Double> values, double share) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        double place = share * (sorted.size() - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
    }
}
