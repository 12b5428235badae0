package dev.fusedrnn.cli;

import dev.fusedrnn.engine.Capability;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Prints devices and engines, and why each is or is not available. */
@Command(
        name = "info",
        description = "Devices and engines, and why each is or is not available.",
        mixinStandardHelpOptions = true)
final class InfoCommand implements Callable<Integer> {
    private static final List<DataType> TYPES = List.of(DataType.F32, DataType.BF16, DataType.F16);

    private final Console console;

    InfoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        PrintStream out = console.out();
        out.println("fusedrnn  " + Version.of());
        Machine.facts().forEach((name, value) -> out.printf(Locale.ROOT, "%-9s %s%n", name, value));
        out.println();
        try (Device cpu = Device.cpu()) {
            print(cpu);
        }
        printGpus();
        out.println();
        try (Device best = Device.best()) {
            out.println("chosen    " + choice(best));
        }
        return ExitCode.OK;
    }

    private void printGpus() {
        List<String> gpus = Device.gpus();
        List<String> reasons = Device.gpuReasons();
        if (!reasons.isEmpty()) {
            gpus.forEach(gpu -> console.out().println("device    " + gpu));
            console.out().println("device    cuda: not available");
            reasons.forEach(reason -> console.out().println("            " + reason));
            return;
        }
        for (int ordinal = 0; ordinal < gpus.size(); ordinal++) {
            try (Device device = Device.cuda(ordinal)) {
                print(device);
            } catch (GpuException unusable) {
                console.out().println("device    " + unusable.getMessage());
            }
        }
    }

    private void print(Device device) {
        console.out().println("device    " + device.name() + ": " + device.description());
        for (RecurrentEngine engine : Engines.all()) {
            console.out().printf(Locale.ROOT, "  %-10s %s%n", engine.name(), availability(engine, device));
        }
    }

    /** In which data types an engine runs an ordinary LSTM, and why not in the others. */
    private static String availability(RecurrentEngine engine, Device device) {
        List<String> types = new ArrayList<>();
        Map<String, List<String>> refused = new LinkedHashMap<>();
        for (DataType type : TYPES) {
            Capability capability = engine.capability(ordinary(type), device);
            if (capability.isSupported()) {
                types.add(id(type));
            } else {
                refused.computeIfAbsent(capability.reason(), reason -> new ArrayList<>())
                        .add(id(type));
            }
        }
        List<String> sentences = new ArrayList<>();
        if (!types.isEmpty()) {
            sentences.add("available: " + String.join(" ", types));
        }
        refused.forEach((reason, of) ->
                sentences.add((types.isEmpty() ? "not available: " : "not " + String.join(" ", of) + ": ") + reason));
        return String.join("; ", sentences);
    }

    private static String choice(Device device) {
        String engine = Engines.choose(EngineChoice.AUTO, ordinary(DataType.F32), device)
                .name();
        String reason = device.reason().isEmpty() ? "" : " (" + device.reason() + ")";
        return "device " + device.name() + ", engine " + engine + reason;
    }

    private static RnnConfig ordinary(DataType type) {
        return RnnConfig.of(CellType.LSTM, 128, 256).withDataType(type);
    }

    private static String id(DataType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
