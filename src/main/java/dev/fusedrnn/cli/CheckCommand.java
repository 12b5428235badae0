package dev.fusedrnn.cli;

import dev.fusedrnn.engine.Capability;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.GoldenCase;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares every engine with the reference on this machine. */
@Command(
        name = "check",
        description = {
            "Compares every engine with the reference on this machine: outputs and all gradients, forward and backward.",
            "Exit code 1 if any differs by more than rounding explains."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            converter = Converters.Engine.class,
            defaultValue = "auto",
            description = "reference, cpu, cudnn, fused (default: all that are available).")
    private EngineChoice engine;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = Converters.Type.class,
            split = ",",
            defaultValue = "f32,bf16,f16",
            description = "f32, bf16, f16 (default: ${DEFAULT-VALUE}).")
    private List<DataType> types;

    @Option(
            names = "--golden",
            paramLabel = "DIR",
            description =
                    "Compare on the cases in this folder too: safetensors files with inputs, outputs and gradients"
                            + " computed by another system.")
    private Path golden;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "cpu, cuda or cuda:I (default: the CPU and the best GPU).")
    private String deviceName;

    @Mixin
    private ThreadsOption threads;

    CheckCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        List<GoldenCase> goldenCases = golden == null ? List.of() : readGolden(golden);
        List<Device> devices = Selection.devices(deviceName);
        try {
            return check(devices, goldenCases);
        } finally {
            devices.forEach(Device::close);
        }
    }

    private int check(List<Device> devices, List<GoldenCase> goldenCases) {
        int cases = 0;
        int failed = 0;
        for (Selection selection : Selection.of(engine, devices, RnnConfig.of(CellType.LSTM, 5, 6))) {
            for (DataType type : types) {
                CheckTable drawn = drawn(selection, type);
                CheckTable compared = golden(selection, type, goldenCases);
                cases += drawn.cases() + compared.cases();
                failed += drawn.failed() + compared.failed();
            }
            if (selection.engine().name().equals("reference") && !goldenCases.isEmpty()) {
                CheckTable exact = golden(selection, DataType.F64, goldenCases);
                cases += exact.cases();
                failed += exact.failed();
            }
        }
        console.out()
                .println(failed == 0 ? "all " + cases + " cases passed" : failed + " of " + cases + " cases FAILED");
        return failed == 0 && cases > 0 ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }

    private CheckTable drawn(Selection selection, DataType type) {
        CheckTable table = new CheckTable();
        List<String> skipped = new ArrayList<>();
        for (EngineCase engineCase : CheckCases.of(type)) {
            Capability capability = selection.engine().capability(engineCase.config(), selection.device());
            if (capability.isSupported()) {
                table.add(EngineCheck.run(selection.engine(), selection.device(), engineCase));
            } else {
                skipped.add(engineCase.name() + ": " + capability.reason());
            }
        }
        print(selection.name() + ", " + id(type), table, skipped);
        return table;
    }

    private CheckTable golden(Selection selection, DataType type, List<GoldenCase> goldenCases) {
        CheckTable table = new CheckTable();
        List<String> skipped = new ArrayList<>();
        for (GoldenCase goldenCase : goldenCases) {
            RnnConfig config = goldenCase.data().config().withDataType(type);
            Capability capability = selection.engine().capability(config, selection.device());
            if (capability.isSupported()) {
                table.add(EngineCheck.of(goldenCase, type).run(selection.engine(), selection.device()));
            } else {
                skipped.add(goldenCase.name() + ": " + capability.reason());
            }
        }
        if (!goldenCases.isEmpty()) {
            print(selection.name() + ", " + id(type) + ", golden", table, skipped);
        }
        return table;
    }

    private void print(String title, CheckTable table, List<String> skipped) {
        console.out()
                .println(title + ": " + table.cases() + " cases, " + table.failed() + " failed"
                        + (skipped.isEmpty() ? "" : ", " + skipped.size() + " not supported"));
        if (table.cases() > 0) {
            table.print(console.out());
        }
        skipped.forEach(reason -> console.out().println("  not supported: " + reason));
        console.out().println();
    }

    private static String id(DataType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    private static List<GoldenCase> readGolden(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new UserError("--golden " + folder + ": no such folder");
        }
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
        if (files.isEmpty()) {
            throw new UserError("--golden " + folder + ": holds no file that ends with .safetensors");
        }
        List<GoldenCase> cases = new ArrayList<>();
        for (Path file : files) {
            cases.add(GoldenCase.read(file));
        }
        return cases;
    }
}
