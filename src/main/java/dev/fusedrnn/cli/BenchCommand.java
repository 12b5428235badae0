package dev.fusedrnn.cli;

import dev.fusedrnn.engine.Capability;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times inference and training per shape and engine, after checking that the results are right. */
@Command(
        name = "bench",
        description = {
            "Times inference and training per shape and engine.",
            "Each engine is compared with the reference first; what differs is not timed, and gives exit code 1.",
            "Training is forward and backward as one recording, with gradients in the data type."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    /** Multiplications the reference may take for a comparison: about a second of plain Java. */
    private static final double CHECK_FLOPS = 4e8;

    private static final int CHECK_STEPS = 8;

    private final Console console;
    private final List<Object> results = new ArrayList<>();
    private int failed;

    @Option(
            names = "--shapes",
            paramLabel = "FILE",
            description = "Lines of " + BenchShape.COLUMNS + " (default: three small shapes).")
    private Path shapes;

    @Option(
            names = "--cell",
            paramLabel = "CELL",
            converter = Converters.Cell.class,
            split = ",",
            defaultValue = "lstm,gru",
            description = "rnn, rnn_relu, gru, lstm (default: ${DEFAULT-VALUE}).")
    private List<CellType> cells;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = Converters.Type.class,
            split = ",",
            defaultValue = "f32",
            description = "f32, bf16, f16 (default: ${DEFAULT-VALUE}).")
    private List<DataType> types;

    @Option(names = "--tf32", description = "F32 products may round their operands to TF32 on a GPU.")
    private boolean tf32;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            converter = Converters.Engine.class,
            defaultValue = "auto",
            description = "reference, cpu, cudnn, fused (default: all available but the reference).")
    private EngineChoice engine;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "cpu, cuda or cuda:I (default: the CPU and the best GPU).")
    private String deviceName;

    @Option(
            names = "--seconds",
            paramLabel = "X",
            converter = Converters.Positive.class,
            defaultValue = "1",
            description = "Time for each measurement (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--report", paramLabel = "FILE", description = "Write the results here, as JSON.")
    private Path report;

    @Mixin
    private ThreadsOption threads;

    BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        new OutputFiles().spare("--shapes", shapes).check("--report", report);
        List<BenchShape> wanted = shapes == null ? BenchShape.DEFAULT : BenchShape.read(shapes);
        List<Device> devices = Selection.devices(deviceName);
        try {
            List<Selection> selections = Selection.of(engine, devices, RnnConfig.of(CellType.LSTM, 5, 6));
            console.out()
                    .printf(
                            Locale.ROOT,
                            "%-10s %-8s %-5s %-18s %12s %12s %9s %9s  %s%n",
                            "shape",
                            "cell",
                            "type",
                            "engine",
                            "inference ms",
                            "training ms",
                            "spread",
                            "GFLOP/s",
                            "plan");
            for (BenchShape shape : wanted) {
                for (CellType cell : cells) {
                    types.forEach(type -> engines(selections, shape, cell, type));
                }
            }
        } finally {
            devices.forEach(Device::close);
        }
        writeReport();
        return failed == 0 ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }

    private void engines(List<Selection> selections, BenchShape shape, CellType cell, DataType type) {
        RnnConfig config = shape.config(cell, type).withTf32(tf32 && type == DataType.F32);
        for (Selection selection : selections) {
            boolean named = engine != EngineChoice.AUTO;
            if (!named && selection.engine().name().equals("reference")) {
                continue;
            }
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("shape", shape.name());
            result.put("T", shape.steps());
            result.put("N", shape.batch());
            result.put("C", shape.input());
            result.put("H", shape.hidden());
            result.put("L", shape.layers());
            result.put("D", shape.directions());
            result.put("cell", cell.id());
            result.put("dtype", config.tf32() ? "tf32" : type.name().toLowerCase(Locale.ROOT));
            result.put("engine", selection.engine().name());
            result.put("device", selection.device().name());
            results.add(result);
            measure(selection, shape, config, result);
        }
    }

    private void measure(Selection selection, BenchShape shape, RnnConfig config, Map<String, Object> result) {
        Capability capability = selection.engine().capability(config, selection.device());
        if (!capability.isSupported()) {
            refuse(result, "not supported", capability.reason());
            return;
        }
        String tooLarge = shape.tooLarge(config);
        if (!tooLarge.isEmpty()) {
            refuse(result, "too large", tooLarge);
            return;
        }
        try {
            EngineCase small = comparable(shape, config);
            CheckReport check = EngineCheck.run(selection.engine(), selection.device(), small);
            result.put("checkedOn", small.name());
            result.put("largestErrorInUnitsOfAllowed", check.worst().ratio());
            if (!check.passed()) {
                failed++;
                refuse(result, "WRONG", check.failures());
                return;
            }
            BenchTimer inference = time(selection, shape, config, false, result);
            BenchTimer training = time(selection, shape, config, true, result);
            print(result, shape, config, inference, training);
        } catch (OutOfMemoryError | GpuException.OutOfMemory full) {
            refuse(result, "too large", full.getMessage());
        }
    }

    /** The same network on as much of the shape as the reference can do in a few seconds. */
    private static EngineCase comparable(BenchShape shape, RnnConfig config) {
        double perRow = 3 * BenchShape.flops(config, 1, 1);
        int batch = (int) Math.max(1, Math.min(shape.batch(), CHECK_FLOPS / (2 * perRow)));
        int steps = (int) Math.max(1, Math.min(Math.min(shape.steps(), CHECK_STEPS), CHECK_FLOPS / (perRow * batch)));
        return EngineCase.of(config, steps, batch, 1);
    }

    private BenchTimer time(
            Selection selection, BenchShape shape, RnnConfig config, boolean training, Map<String, Object> result) {
        try (BenchCase timed = new BenchCase(selection, config, shape.steps(), shape.batch(), training)) {
            BenchTimer timer = BenchTimer.time(timed::run, selection.device(), seconds);
            Map<String, Object> times = new LinkedHashMap<>();
            times.put("medianMs", timer.median() * 1e3);
            times.put("p10Ms", timer.quantile(0.1) * 1e3);
            times.put("p90Ms", timer.quantile(0.9) * 1e3);
            times.put("samples", timer.seconds().length);
            times.put("runsPerSample", timer.runsPerSample());
            times.put("plan", timed.plan());
            result.put(training ? "training" : "inference", times);
            return timer;
        }
    }

    private void print(
            Map<String, Object> result, BenchShape shape, RnnConfig config, BenchTimer inference, BenchTimer training) {
        double flops = 3 * BenchShape.flops(config, shape.steps(), shape.batch());
        Object plan = ((Map<?, ?>) result.get("training")).get("plan");
        console.out()
                .printf(
                        Locale.ROOT,
                        "%-10s %-8s %-5s %-18s %12.3f %12.3f %8.0f%% %9.1f  %s%n",
                        result.get("shape"),
                        result.get("cell"),
                        result.get("dtype"),
                        result.get("engine") + " on " + result.get("device"),
                        inference.median() * 1e3,
                        training.median() * 1e3,
                        100 * (training.quantile(0.9) - training.quantile(0.1)) / training.median(),
                        flops / training.median() / 1e9,
                        plan);
    }

    private void refuse(Map<String, Object> result, String what, String reason) {
        result.put("notTimed", what + ": " + reason);
        console.out()
                .printf(
                        Locale.ROOT,
                        "%-10s %-8s %-5s %-18s %s: %s%n",
                        result.get("shape"),
                        result.get("cell"),
                        result.get("dtype"),
                        result.get("engine") + " on " + result.get("device"),
                        what,
                        reason);
    }

    private void writeReport() throws IOException {
        if (report != null) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("fusedrnn", Version.of());
            all.put("machine", Machine.facts());
            all.put("clock", "host clock around runsPerSample queued runs, device waited for at both ends");
            all.put("results", results);
            Json.of(all).write(report);
        }
    }
}
