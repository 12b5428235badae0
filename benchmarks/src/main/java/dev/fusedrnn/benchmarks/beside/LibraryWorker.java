package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * This library as a worker process: {@code LibraryWorker DEVICE ENGINE,ENGINE}. Commands and replies are those of {@link
 * Worker}; plans are names of engines.
 */
public final class LibraryWorker implements AutoCloseable {
    private final Device device;
    private final List<EngineChoice> engines;
    private final Map<String, Task> tasks = new LinkedHashMap<>();
    private final Map<String, PassClock> clocks = new LinkedHashMap<>();
    private Path file;
    private Pass pass;

    private LibraryWorker(Device device, List<EngineChoice> engines) {
        this.device = device;
        this.engines = engines;
    }

    /** Serves until the input ends or {@code quit}. */
    public static void main(String[] arguments) throws IOException {
        List<EngineChoice> engines = new ArrayList<>();
        for (String name : arguments[1].split(",")) {
            engines.add(EngineChoice.parse(name));
        }
        PrintStream replies = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Device device = Device.parse(arguments[0]);
                LibraryWorker worker = new LibraryWorker(device, engines)) {
            String line = commands.readLine();
            while (line != null && !line.equals("quit")) {
                replies.println(
                        Worker.REPLY + Json.of(worker.answer(line.split(" "))).text());
                line = commands.readLine();
            }
        }
    }

    private Map<String, Object> answer(String[] words) {
        try {
            return carryOut(words);
        } catch (IOException | RuntimeException | OutOfMemoryError failed) {
            if (failed instanceof GpuException.DeviceLost) {
                throw (GpuException.DeviceLost) failed;
            }
            return Map.of("error", String.valueOf(failed.getMessage()));
        }
    }

    private Map<String, Object> carryOut(String[] words) throws IOException {
        return switch (words[0]) {
            case "describe" -> describe();
            case "layer" -> open(Path.of(words[1]), Pass.parse(words[2]));
            case "model" -> open(Path.of(words[1]), null);
            case "judge" -> judge(Path.of(words[1]));
            case "write" -> task(words[1]).save(Path.of(words[2]));
            case "time" -> Map.of("ms", clock(words[1]).time(Double.parseDouble(words[2])));
            case "window" -> window(words[1], Integer.parseInt(words[2]));
            case "close" -> closeCase();
            default -> throw new IllegalArgumentException("no command " + words[0]);
        };
    }

    private Map<String, Object> describe() {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("device", device.description());
        said.put("java", System.getProperty("java.version"));
        said.put("reason", device.reason());
        return said;
    }

    private Map<String, Object> open(Path file, Pass pass) {
        closeCase();
        this.file = file;
        this.pass = pass;
        return Map.of("plans", engines.stream().map(EngineChoice::id).toList());
    }

    private Task task(String plan) throws IOException {
        Task task = tasks.get(plan);
        if (task == null) {
            EngineChoice choice = EngineChoice.parse(plan);
            try (SafetensorsReader reader = SafetensorsReader.open(file, CaseFile.LIMITS)) {
                if (pass == null) {
                    task = new ModelTask(reader, device, choice);
                } else {
                    LayerData data = CaseFile.layer(reader);
                    task = new LayerTask(data, pass, device, Engines.choose(choice, data.config(), device));
                }
            }
            tasks.put(plan, task);
        }
        return task;
    }

    /** The layer's results in double precision. */
    private Map<String, Object> judge(Path results) throws IOException {
        try (Device cpu = Device.cpu();
                SafetensorsReader reader = SafetensorsReader.open(file, CaseFile.LIMITS)) {
            LayerData data = CaseFile.layer(reader).withConfig(config -> config.withDataType(DataType.F64));
            RecurrentEngine reference = new ReferenceEngine();
            try (LayerTask task = new LayerTask(data, pass, cpu, reference)) {
                task.save(results);
            }
            return Map.of("by", "reference engine, double precision");
        }
    }

    private PassClock clock(String plan) throws IOException {
        Task task = task(plan);
        return clocks.computeIfAbsent(plan, name -> new PassClock(task::run, device::synchronize));
    }

    /** Runs steps and says when, in nanoseconds of the system's monotonic clock. */
    private Map<String, Object> window(String plan, int steps) throws IOException {
        Task task = task(plan);
        device.synchronize();
        long from = System.nanoTime();
        for (int i = 0; i < steps; i++) {
            task.run();
        }
        device.synchronize();
        return Map.of("from", from, "to", System.nanoTime());
    }

    private Map<String, Object> closeCase() {
        clocks.clear();
        tasks.values().forEach(Task::close);
        tasks.clear();
        return Map.of();
    }

    @Override
    public void close() {
        closeCase();
    }
}
