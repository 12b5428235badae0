package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How much of a training step no kernel runs, and which kernels take the rest. */
@Command(
        name = "profile",
        description = {
            "Records every kernel of training steps of a model, of the library and of PyTorch.",
            "Steps are timed without recording too; recording slows the gaps, not the kernels."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ProfileCommand implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final int SHOWN = 12;

    @Mixin
    private Setup setup;

    @Option(names = "--list", paramLabel = "FILE", required = true, description = "A list of models.")
    private Path list;

    @Option(names = "--model", paramLabel = "NAME", split = ",", required = true, description = "Which of them.")
    private List<String> models;

    @Option(names = "--activity", paramLabel = "FILE", defaultValue = "none", description = "libactivity.so.")
    private String activity;

    @Option(
            names = "--window",
            paramLabel = "STEPS",
            defaultValue = "50",
            description = "Steps (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--precision", paramLabel = "NAME", defaultValue = "bf16", description = "bf16 or f32.")
    private String precision;

    @Option(names = "--engines", paramLabel = "NAME", defaultValue = "auto", description = "Engines of the library.")
    private String engines;

    @Override
    public Integer call() throws IOException, InterruptedException {
        RunRecord record = new RunRecord("profile", setup);
        record.put("precision", precision);
        record.put("steps", steps);
        if (activity.equals("none")) {
            record.leaveOut("kernels", "no libactivity.so given (--activity)");
        }
        Path exchange = setup.exchange();
        boolean failed = false;
        try {
            for (ModelShape shape : ModelShape.read(list)) {
                if (models.contains(shape.name())) {
                    Path file = exchange.resolve("model.safetensors");
                    CaseFile.write(file, shape, Precision.parse(precision));
                    for (Side side : sides()) {
                        failed |= !run(record, side, shape, file, exchange);
                        record.write(setup.seconds(), new Ratios());
                    }
                }
            }
        } finally {
            Setup.delete(exchange);
        }
        System.out.println("written to " + setup.out);
        return failed ? 1 : 0;
    }

    private List<Side> sides() {
        return setup.python.equals("none")
                ? List.of(setup.library(engines))
                : List.of(setup.library(engines), setup.pytorch());
    }

    /** Each plan in two processes of its own: one that is timed, one that is recorded. */
    private boolean run(RunRecord record, Side side, ModelShape shape, Path file, Path exchange)
            throws IOException, InterruptedException {
        try {
            List<String> plans;
            try (Worker asked = side.worker(Map.of())) {
                plans = asked.ask(LIMIT, "model", file.toString()).field("plans").items().stream()
                        .map(Json::asString)
                        .toList();
            }
            for (String plan : plans) {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("model", shape.name());
                one.put("side", side.name());
                one.put("plan", plan);
                double free = milliseconds(window(side, Map.of(), plan, file, exchange));
                one.put("stepMs", free);
                if (!activity.equals("none")) {
                    recorded(one, side, plan, file, exchange, free);
                }
                record.add(one);
                print(one);
            }
            return true;
        } catch (Worker.Failure failed) {
            record.leaveOut(side.name() + " " + shape.name(), failed.getMessage());
            return false;
        }
    }

    private void recorded(Map<String, Object> one, Side side, String plan, Path file, Path exchange, double free)
            throws IOException, InterruptedException, Worker.Failure {
        Path trace = exchange.resolve("activity.txt");
        Map<String, String> environment = Map.of(
                "CUDA_INJECTION64_PATH", Path.of(activity).toAbsolutePath().toString(),
                "FUSEDRNN_ACTIVITY", trace.toString());
        Json window = window(side, environment, plan, file, exchange);
        if (!Files.exists(trace)) {
            one.put("recording", "nothing was recorded: CUDA did not load the recorder, or there is no GPU");
            return;
        }
        one.putAll(ActivityTrace.read(trace)
                .window(window.field("from").asLong(), window.field("to").asLong(), steps));
        double busy = (Double) one.get("kernelMillisecondsPerStep");
        // Kernels take as long recorded as not; gaps do not.
        one.put("shareWithoutKernelUnrecorded", Math.max(0, 1 - busy / free));
        Files.delete(trace);
    }

    private Json window(Side side, Map<String, String> environment, String plan, Path file, Path exchange)
            throws IOException, InterruptedException, Worker.Failure {
        try (Worker worker = side.worker(environment)) {
            worker.ask(LIMIT, "model", file.toString());
            worker.ask(LIMIT, "write", plan, exchange.resolve("losses").toString());
            worker.ask(LIMIT, "window", plan, String.valueOf(steps));
            return worker.ask(LIMIT, "window", plan, String.valueOf(steps));
        }
    }

    private double milliseconds(Json window) {
        return (window.field("to").asLong() - window.field("from").asLong()) / 1e6 / steps;
    }

    private static void print(Map<String, Object> one) {
        System.out.printf(
                Locale.ROOT, "%s %s/%s: %.3f ms a step", one.get("model"), one.get("side"), one.get("plan"), (Double)
                        one.get("stepMs"));
        if (one.get("shareWithoutKernel") instanceof Double idle) {
            System.out.printf(
                    Locale.ROOT,
                    ", no kernel in %.1f %% of it (recorded: %.1f %%), %.1f kernels a step%n",
                    100 * (Double) one.get("shareWithoutKernelUnrecorded"),
                    100 * idle,
                    (Double) one.get("kernelsPerStep"));
            ((List<?>) one.get("byKernel")).stream().limit(SHOWN).forEach(row -> System.out.println("    " + row));
        } else {
            System.out.println();
        }
    }
}
