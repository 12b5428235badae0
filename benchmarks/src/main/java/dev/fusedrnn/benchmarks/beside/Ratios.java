package dev.fusedrnn.benchmarks.beside;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Ratios peer's time / ours of many cases under one heading: count, geometric mean, and the worst by name. */
final class Ratios {
    private final Map<String, Map<String, Double>> byHeading = new LinkedHashMap<>();

    void add(String heading, String name, double ratio) {
        byHeading.computeIfAbsent(heading, unused -> new LinkedHashMap<>()).put(name, ratio);
    }

    /** The geometric mean of positive numbers. */
    static double geometricMean(Iterable<Double> values) {
        double sum = 0;
        int count = 0;
        for (double value : values) {
            sum += Math.log(value);
            count++;
        }
        return Math.exp(sum / count);
    }

    /** One object a heading. */
    List<Map<String, Object>> summary() {
        List<Map<String, Object>> rows = new ArrayList<>();
        byHeading.forEach((heading, ratios) -> {
            Map.Entry<String, Double> worst =
                    ratios.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("what", heading);
            row.put("cases", ratios.size());
            row.put("geometricMean", geometricMean(ratios.values()));
            row.put("worst", worst.getValue());
            row.put("worstCase", worst.getKey());
            rows.add(row);
        });
        return rows;
    }
}
