package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Quality against time: character models trained on a text by {@code fusedrnn train} and by PyTorch with equal options. */
@Command(
        name = "text",
        description = {
            "Trains character LSTMs on a text with the library and with PyTorch (eager), one after the other.",
            "The record holds the validation loss in nats and the seconds of training after each epoch."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class TextCommand implements Callable<Integer> {
    private static final int EMBEDDING = 128;
    private static final double RATE = 2e-3;

    @Mixin
    private Setup setup;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            required = true,
            description = "UTF-8 text; its last tenth validates.")
    private Path text;

    @Option(
            names = "--models",
            paramLabel = "HxL:DROPOUT",
            split = ",",
            defaultValue = "512x2:0.4,1024x2:0.6",
            description = "Units, layers, and dropout between and behind them (default: ${DEFAULT-VALUE}).")
    private List<String> models;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "30",
            description = "Epochs (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "100",
            description = "Rows (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--steps",
            paramLabel = "T",
            defaultValue = "100",
            description = "Time steps (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            defaultValue = "bf16",
            description = "Of the library; PyTorch trains by autocast to bf16 (default: ${DEFAULT-VALUE}).")
    private String precision;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed (default: ${DEFAULT-VALUE}).")
    private int seed;

    @Override
    public Integer call() throws IOException, InterruptedException {
        RunRecord record = new RunRecord("text", setup);
        record.put("text", text.getFileName().toString());
        record.put("batch", batch);
        record.put("steps", steps);
        record.put("optimizer", "AdamW, weight decay 0.01, rate " + RATE + " in one cycle, norm clipped to 1");
        record.put("seed", seed);
        boolean failed = false;
        for (String model : models) {
            for (String side : List.of(Side.LIBRARY, "pytorch")) {
                String name = side + " " + model;
                if (side.equals("pytorch") && setup.python.equals("none")) {
                    record.leaveOut(name, "not asked for (--python none)");
                } else if (setup.isOver()) {
                    record.notReached(name);
                } else {
                    failed |= !train(record, side, model);
                }
                record.write(setup.seconds(), new Ratios());
            }
        }
        System.out.println("written to " + setup.out);
        return failed ? 1 : 0;
    }

    private boolean train(RunRecord record, String side, String model) throws IOException, InterruptedException {
        String[] parts = model.split("[x:]");
        Path report = setup.log(side + "-" + model.replaceAll("[^0-9x]", "-"))
                .resolveSibling("text-" + side + "-" + model.replaceAll("[^0-9x]", "-") + ".json");
        List<String> command = side.equals(Side.LIBRARY) ? library(parts, report) : pytorch(parts, report);
        Process process = new ProcessBuilder(command).inheritIO().start();
        double left = Math.max(1, setup.budget - setup.seconds());
        if (!process.waitFor((long) Math.min(left, 1e9), TimeUnit.SECONDS)) {
            // Interrupted, the library writes its report of the epochs it has done.
            process.destroy();
            process.waitFor(20, TimeUnit.SECONDS);
            process.destroyForcibly();
            record.leaveOut(side + " " + model, "stopped when the time was over");
        }
        if (!report.toFile().exists()) {
            record.leaveOut(side + " " + model, "no report; exit code " + process.waitFor());
            return false;
        }
        Json done = Json.read(report);
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("model", model);
        one.put("side", side);
        one.put("parameters", done.field("parameters"));
        one.put("epochs", side.equals(Side.LIBRARY) ? curve(done) : done.field("epochs"));
        record.add(one);
        report.toFile().delete();
        return true;
    }

    /** Nats and seconds since the start out of the report of a training run. */
    private static List<Map<String, Object>> curve(Json report) {
        List<Map<String, Object>> epochs = new ArrayList<>();
        double seconds = 0;
        for (Json epoch : report.field("epochs").items()) {
            seconds += epoch.field("seconds").asDouble();
            Map<String, Object> point = new LinkedHashMap<>();
            point.put("epoch", epoch.field("epoch"));
            point.put("seconds", seconds);
            point.put("trainingNats", Math.log(epoch.field("trainPerplexity").asDouble()));
            point.put(
                    "validationNats",
                    Math.log(epoch.field("validationPerplexity").asDouble()));
            epochs.add(point);
        }
        return epochs;
    }

    private List<String> library(String[] parts, Path report) throws IOException {
        long perEpoch = (Files.readString(text).length() * 9L / 10 - steps) / batch / steps;
        List<String> command = new ArrayList<>(Setup.java());
        command.addAll(List.of("dev.fusedrnn.cli.Main", "train", "--device", setup.device, "--text", text.toString()));
        command.addAll(List.of("--cell", "lstm", "--hidden", parts[0], "--layers", parts[1]));
        command.addAll(List.of("--embedding", String.valueOf(EMBEDDING), "--output-dropout", parts[2]));
        if (!parts[1].equals("1")) {
            command.addAll(List.of("--dropout", parts[2]));
        }
        command.addAll(List.of("--batch", String.valueOf(batch), "--steps", String.valueOf(steps)));
        command.addAll(List.of("--optimizer", "adamw", "--lr", String.valueOf(RATE), "--clip", "1"));
        command.addAll(List.of("--schedule", "one-cycle:" + perEpoch * epochs + ":0.1"));
        command.addAll(
                List.of("--dtype", precision, "--seed", String.valueOf(seed), "--epochs", String.valueOf(epochs)));
        command.addAll(List.of("--sample", "0", "--report", report.toString()));
        return command;
    }

    private List<String> pytorch(String[] parts, Path report) {
        List<String> command = new ArrayList<>(setup.pythonCommand("pytorch_text.py"));
        command.addAll(List.of(text.toString(), report.toString(), parts[0], parts[1], parts[2]));
        for (int size : new int[] {EMBEDDING, batch, steps, epochs}) {
            command.add(String.valueOf(size));
        }
        command.add(String.valueOf(RATE));
        command.add(String.valueOf(seed));
        return command;
    }
}
