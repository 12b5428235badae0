package dev.fusedrnn.benchmarks.beside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The options that all comparisons have: where, beside whom, for how long. */
final class Setup {
    @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto", description = "auto, cpu, cuda or cuda:I.")
    String device;

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            defaultValue = "python3",
            description = "Python with PyTorch; none to leave PyTorch out (default: ${DEFAULT-VALUE}).")
    String python;

    @Option(
            names = "--cudnn",
            paramLabel = "PROGRAM",
            defaultValue = "none",
            description = "The program that benchmarks/gpu/build makes; none to leave cuDNN out (default: none).")
    String cudnn;

    @Option(
            names = "--scripts",
            paramLabel = "FOLDER",
            defaultValue = "${sys:fusedrnn.benchmarks.scripts:-benchmarks/gpu}",
            description = "Where pytorch_worker.py is (default: ${DEFAULT-VALUE}).")
    Path scripts;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The record to write, JSON.")
    Path out;

    @Option(
            names = "--budget",
            paramLabel = "SECONDS",
            defaultValue = "1e9",
            description = "No case is begun later; those left out are named in the record.")
    double budget;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description = "Rounds (default: ${DEFAULT-VALUE}).")
    int rounds;

    @Option(
            names = "--round-seconds",
            paramLabel = "X",
            defaultValue = "0.02",
            description = "Time of each system in a round (default: ${DEFAULT-VALUE}).")
    double roundSeconds;

    @Option(
            names = "--commit",
            paramLabel = "ID",
            defaultValue = "${sys:fusedrnn.benchmarks.commit:-unknown}",
            description = "The commit, for the record.")
    String commit;

    private final long start = System.nanoTime();

    /** Seconds since the run began. */
    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Whether no further case may begin. */
    boolean isOver() {
        return seconds() > budget;
    }

    Rounds measuring() {
        return new Rounds(rounds, roundSeconds);
    }

    /** A folder for files between processes: in memory if the system has such a place. */
    Path exchange() throws IOException {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "fusedrnn-")
                : Files.createTempDirectory("fusedrnn-");
    }

    /** The library itself as a worker, on this process' class path. */
    Side library(String engines) {
        List<String> command = new ArrayList<>(java());
        command.addAll(List.of(LibraryWorker.class.getName(), device, engines));
        return new Side(Side.LIBRARY, command, log(Side.LIBRARY));
    }

    /** How this process' Java machine is started with the same options and class path. */
    static List<String> java() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + (Runtime.getRuntime().maxMemory() >> 20) + "m",
                "-Dorg.bytedeco.javacpp.cachedir="
                        + System.getProperty("org.bytedeco.javacpp.cachedir", defaultCache()),
                "-cp",
                System.getProperty("java.class.path"));
    }

    private static String defaultCache() {
        return Path.of(System.getProperty("user.home"), ".javacpp", "cache").toString();
    }

    Side pytorch() {
        return new Side("pytorch", pythonCommand("pytorch_worker.py"), log("pytorch"));
    }

    /** How a script is started on the device. */
    List<String> pythonCommand(String script) {
        return List.of(python, scripts.resolve(script).toString(), device);
    }

    Side cudnn() {
        return new Side("cudnn", List.of(cudnn), log("cudnn"));
    }

    /** The file beside the record that takes a process' error output. */
    Path log(String name) {
        String file = out.getFileName().toString().replaceFirst("\\.json$", "") + "-" + name + ".log";
        return out.resolveSibling(file);
    }

    /** Deletes the folder between processes. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }
}
