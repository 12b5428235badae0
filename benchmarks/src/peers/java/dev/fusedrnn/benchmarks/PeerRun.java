package dev.fusedrnn.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs {@link PeerBenchmark} in rounds, so that the systems take turns and each round is a fork of its own, and writes the
 * medians, their spread and the ratios.
 *
 * <p>Arguments: the JSON file to write, the number of rounds, and how many iterations of a second each fork measures after
 * two to warm up. With the system property {@code
 * fusedrnn.benchmarks.anyLoad=true} it runs on a busy machine too, and says so in the file.
 */
public final class PeerRun {
    private static final double MOST_LOAD_PER_CORE = 0.3;
    private static final int WARM_UP_ITERATIONS = 2;
    private static final List<String> SYSTEMS = List.of("fusedrnn", "pytorch");
    private static final List<String> LAYERS = List.of(
            "lstm-t64-n32-c128-h256-l2",
            "gru-t64-n32-c128-h256-l2",
            "lstm-t35-n32-c28-h256-l1",
            "gru-t35-n32-c28-h256-l1");
    private static final List<String> PASSES = List.of("inference", "trainingForward", "forwardBackward");

    private PeerRun() {}

    public static void main(String[] args) throws RunnerException, IOException {
        Path file = Path.of(args[0]);
        int rounds = Integer.parseInt(args[1]);
        int iterations = Integer.parseInt(args[2]);
        double load = loadPerCore();
        if (load > MOST_LOAD_PER_CORE && !Boolean.getBoolean("fusedrnn.benchmarks.anyLoad")) {
            System.err.printf(
                    Locale.ROOT,
                    "load per core is %.2f, more than %.1f: wait until the machine is quiet%n",
                    load,
                    MOST_LOAD_PER_CORE);
            System.exit(1);
        }
        for (String layer : LAYERS) {
            PeerBenchmark.check(LayerCase.parse(layer).data());
        }
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (String layer : LAYERS) {
                for (String pass : PASSES) {
                    for (String system : SYSTEMS) {
                        samples.computeIfAbsent(key(layer, pass, system), k -> new ArrayList<>())
                                .addAll(measure(layer, pass, system, iterations));
                    }
                }
            }
        }
        String json = json(samples, rounds, load);
        Files.writeString(file, json);
        printTable(samples);
        System.out.println("written to " + file);
    }

    private static List<Double> measure(String layer, String pass, String system, int iterations)
            throws RunnerException {
        Options options = new OptionsBuilder()
                .include(PeerBenchmark.class.getName() + "." + pass + "$")
                .param("layer", layer)
                .param("system", system)
                .forks(1)
                .warmupIterations(WARM_UP_ITERATIONS)
                .measurementIterations(iterations)
                .shouldFailOnError(true)
                .build();
        List<Double> values = new ArrayList<>();
        for (RunResult run : new Runner(options).run()) {
            for (BenchmarkResult fork : run.getBenchmarkResults()) {
                for (IterationResult iteration : fork.getIterationResults()) {
                    values.add(iteration.getPrimaryResult().getScore());
                }
            }
        }
        return values;
    }

    private static double loadPerCore() {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return load / Runtime.getRuntime().availableProcessors();
    }

    private static String key(String layer, String pass, String system) {
        return layer + " " + pass + " " + system;
    }

    private static double quantile(List<Double> values, double share) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }

    private static double ratio(Map<String, List<Double>> samples, String layer, String pass) {
        double ours = quantile(samples.get(key(layer, pass, "fusedrnn")), 0.5);
        return quantile(samples.get(key(layer, pass, "pytorch")), 0.5) / ours;
    }

    private static void printTable(Map<String, List<Double>> samples) {
        System.out.printf("%n%-28s %-16s %14s %14s %8s%n", "layer", "pass", "fusedrnn ms", "pytorch ms", "ratio");
        for (String layer : LAYERS) {
            for (String pass : PASSES) {
                System.out.printf(
                        Locale.ROOT,
                        "%-28s %-16s %14.2f %14.2f %8.2f%n",
                        layer,
                        pass,
                        quantile(samples.get(key(layer, pass, "fusedrnn")), 0.5),
                        quantile(samples.get(key(layer, pass, "pytorch")), 0.5),
                        ratio(samples, layer, pass));
            }
        }
    }

    private static String json(Map<String, List<Double>> samples, int rounds, double load) {
        StringBuilder out = new StringBuilder("{\n");
        text(out, "unit", "milliseconds per pass, median of all iterations; ratio = pytorch / fusedrnn");
        text(out, "jvm", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        text(out, "cpu", System.getProperty("fusedrnn.benchmarks.cpu", "unknown"));
        text(out, "commit", System.getProperty("fusedrnn.benchmarks.commit", "unknown"));
        text(out, "pytorch", System.getProperty("fusedrnn.benchmarks.pytorch", "unknown"));
        for (String variable : List.of("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")) {
            text(out, variable, String.valueOf(System.getenv(variable)));
        }
        out.append(String.format(
                Locale.ROOT,
                "  \"processors\": %d,%n  \"loadPerCoreBefore\": %.2f,%n  \"forks\": %d,%n  \"results\": [%n",
                Runtime.getRuntime().availableProcessors(),
                load,
                rounds));
        List<String> lines = new ArrayList<>();
        for (String layer : LAYERS) {
            for (String pass : PASSES) {
                lines.add(result(samples, layer, pass));
            }
        }
        return out.append(String.join(",\n", lines)).append("\n  ]\n}\n").toString();
    }

    private static String result(Map<String, List<Double>> samples, String layer, String pass) {
        StringBuilder line = new StringBuilder("    {\"layer\": \"" + layer + "\", \"pass\": \"" + pass + "\"");
        for (String system : SYSTEMS) {
            List<Double> values = samples.get(key(layer, pass, system));
            line.append(String.format(
                    Locale.ROOT,
                    ", \"%s\": {\"median\": %.3f, \"lower\": %.3f, \"upper\": %.3f, \"samples\": %d}",
                    system,
                    quantile(values, 0.5),
                    quantile(values, 0.25),
                    quantile(values, 0.75),
                    values.size()));
        }
        return line.append(String.format(Locale.ROOT, ", \"ratio\": %.3f}", ratio(samples, layer, pass)))
                .toString();
    }

    private static void text(StringBuilder out, String name, String value) {
        String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"");
        out.append("  \"").append(name).append("\": \"").append(escaped).append("\",\n");
    }
}
