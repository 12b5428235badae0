package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Draws records. */
@Command(
        name = "plot",
        description = "Draws records of layers, models, texts and profiles as PNG pictures beside them.",
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class PlotCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RECORD.json", arity = "1..*", description = "Records of the other commands.")
    private List<Path> records;

    @Option(
            names = "--into",
            paramLabel = "FOLDER",
            description = "Where the pictures go (default: beside the record).")
    private Path into;

    @Override
    public Integer call() throws IOException {
        try {
            Class.forName("org.knowm.xchart.XYChart");
            Class.forName("java.awt.image.BufferedImage");
        } catch (ClassNotFoundException | NoClassDefFoundError missing) {
            System.err.println(
                    "plots are drawn where a whole JDK is, with benchmarks/gpu/run plot: no " + missing.getMessage());
            return 2;
        }
        System.setProperty("java.awt.headless", "true");
        for (Path record : records) {
            Path folder = into == null ? record.toAbsolutePath().getParent() : into;
            Files.createDirectories(folder);
            String name = record.getFileName().toString().replaceFirst("\\.json$", "");
            Charts.draw(Json.read(record), folder, name).forEach(picture -> System.out.println("drawn: " + picture));
        }
        return 0;
    }
}
