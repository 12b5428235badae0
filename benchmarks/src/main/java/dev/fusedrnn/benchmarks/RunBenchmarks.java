package dev.fusedrnn.benchmarks;

import dev.fusedrnn.tensor.Device;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * All JMH benchmarks on the CPU and, where there is one, on the GPU: {@code RunBenchmarks [--quick] [--device cpu|cuda]
 * [FILE.json]}. Without a GPU its half is left out and the reason printed. {@code --quick} runs everything once without measuring anything.
 */
public final class RunBenchmarks {
    private RunBenchmarks() {}

    public static void main(String[] arguments) throws RunnerException {
        boolean quick = false;
        String device = "";
        Path file = null;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--quick")) {
                quick = true;
            } else if (arguments[i].equals("--device") && i + 1 < arguments.length) {
                i++;
                device = arguments[i];
            } else if (arguments[i].startsWith("-")) {
                System.err.println("expected [--quick] [--device cpu|cuda] [FILE.json], found " + arguments[i]);
                System.exit(2);
            } else {
                file = Path.of(arguments[i]);
            }
        }
        new Runner(options(quick, device.isEmpty() ? devices() : new String[] {device}, file)
                        .build())
                .run();
    }

    private static String[] devices() {
        if (Device.gpuReasons().isEmpty()) {
            return new String[] {"cpu", "cuda"};
        }
        System.out.println("GPU benchmarks left out: " + String.join("; ", Device.gpuReasons()));
        return new String[] {"cpu"};
    }

    private static ChainedOptionsBuilder options(boolean quick, String[] devices, Path file) {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\.(LayerBenchmark|StepBenchmark|TransferBenchmark)\\.")
                .param("device", devices)
                .shouldFailOnError(true);
        if (quick) {
            options.mode(Mode.SingleShotTime)
                    .forks(1)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .verbosity(VerboseMode.SILENT);
        }
        if (file != null) {
            options.resultFormat(ResultFormatType.JSON).result(file.toString());
        }
        return options;
    }
}
