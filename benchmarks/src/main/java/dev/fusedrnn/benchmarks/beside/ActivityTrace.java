package dev.fusedrnn.benchmarks.beside;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What {@code activity.cpp} wrote of a process: when kernels, copies and fills ran, on the system's monotonic clock. */
final class ActivityTrace {
    /** A kernel, copy or fill; nanoseconds. */
    record Work(String name, double begin, double end) {}

    /** The time stamps of the GPU and of the system at one moment. */
    private record Moment(long device, long host) {}

    private final List<Work> kernels;
    private final List<Work> transfers;

    private ActivityTrace(List<Work> kernels, List<Work> transfers) {
        this.kernels = kernels;
        this.transfers = transfers;
    }

    /** Reads a file. */
    static ActivityTrace read(Path file) throws IOException {
        List<Moment> moments = new ArrayList<>();
        List<String[]> lines = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            String line = reader.readLine();
            while (line != null) {
                String[] words = line.split(" ", 4);
                if (words[0].equals("clock")) {
                    moments.add(new Moment(Long.parseLong(words[1]), Long.parseLong(words[2])));
                } else if (words.length == 4) {
                    lines.add(words);
                }
                line = reader.readLine();
            }
        }
        if (moments.size() < 2) {
            throw new IOException(file + ": " + moments.size()
                    + " time stamps, expected the first and the last; the process may have been killed");
        }
        return of(moments.get(0), moments.get(moments.size() - 1), lines);
    }

    private static ActivityTrace of(Moment first, Moment last, List<String[]> lines) {
        double speed = (double) (last.host() - first.host()) / (last.device() - first.device());
        List<Work> kernels = new ArrayList<>();
        List<Work> transfers = new ArrayList<>();
        for (String[] words : lines) {
            double begin = first.host() + (Long.parseLong(words[1]) - first.device()) * speed;
            double end = first.host() + (Long.parseLong(words[2]) - first.device()) * speed;
            boolean kernel = words[0].equals("kernel");
            (kernel ? kernels : transfers).add(new Work(kernel ? words[3] : words[0], begin, end));
        }
        return new ActivityTrace(kernels, transfers);
    }

    /**
     * What happened in a window: share of it in which a kernel ran, share in which anything ran, and each kernel's count and
     * time.
     *
     * @param from nanoseconds of the monotonic clock
     * @param to behind {@code from}
     */
    Map<String, Object> window(long from, long to, int steps) {
        List<Work> inside = kernels.stream()
                .filter(work -> work.end() > from && work.begin() < to)
                .toList();
        List<Work> all = new ArrayList<>(inside);
        transfers.stream()
                .filter(work -> work.end() > from && work.begin() < to)
                .forEach(all::add);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("milliseconds", (to - from) / 1e6);
        fields.put("kernels", inside.size());
        fields.put("kernelsPerStep", (double) inside.size() / steps);
        double busy = busy(inside, from, to) / (to - from);
        fields.put("shareWithoutKernel", 1 - busy);
        fields.put("shareWithoutAnything", 1 - busy(all, from, to) / (to - from));
        fields.put("kernelMillisecondsPerStep", busy * (to - from) / 1e6 / steps);
        fields.put("byKernel", byName(inside, steps));
        return fields;
    }

    /** Nanoseconds of a window that at least one of them covers. */
    static double busy(List<Work> works, double from, double to) {
        List<Work> sorted = new ArrayList<>(works);
        sorted.sort(Comparator.comparingDouble(Work::begin));
        double busy = 0;
        double reached = from;
        for (Work work : sorted) {
            double begin = Math.max(work.begin(), reached);
            double end = Math.min(work.end(), to);
            if (end > begin) {
                busy += end - begin;
                reached = end;
            }
        }
        return busy;
    }

    private static List<Map<String, Object>> byName(List<Work> works, int steps) {
        Map<String, double[]> sums = new TreeMap<>();
        for (Work work : works) {
            double[] sum = sums.computeIfAbsent(work.name(), name -> new double[2]);
            sum[0] += work.end() - work.begin();
            sum[1]++;
        }
        List<Map.Entry<String, double[]>> order = new ArrayList<>(sums.entrySet());
        order.sort(Collections.reverseOrder(Comparator.comparingDouble(entry -> entry.getValue()[0])));
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Map.Entry<String, double[]> entry : order) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("kernel", entry.getKey());
            row.put("microsecondsPerStep", entry.getValue()[0] / 1e3 / steps);
            row.put("timesPerStep", entry.getValue()[1] / steps);
            rows.add(row);
        }
        return rows;
    }
}
