package dev.fusedrnn.testing;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;

/**
 * Finds the data sets and golden cases that lie beside the project, in {@code ../shared/data} and
 * {@code ../shared/golden}, or under the folder that the system property {@code fusedrnn.shared} names. They are no
 * part of the repository: a test that asks for an absent one is skipped, and the skip says which path was missing.
 */
public final class SharedData {
    /** System property that names the shared folder. */
    public static final String PROPERTY = "fusedrnn.shared";

    private SharedData() {}

    /** The shared folder, whether or not it exists. */
    public static Path root() {
        String named = System.getProperty(PROPERTY);
        Path folder = named == null ? Path.of("..", "shared") : Path.of(named);
        return folder.toAbsolutePath().normalize();
    }

    /** The file {@code data/<name>}, such as {@code timemachine/timemachine.txt}; skips the test where it is absent. */
    public static Path data(String name) {
        return existing(root().resolve("data").resolve(name));
    }

    /** The file {@code golden/<name>}; skips the test where it is absent. */
    public static Path golden(String name) {
        return existing(root().resolve("golden").resolve(name));
    }

    /** All golden cases ({@code *.safetensors}) in the order of their names; skips the test where there are none. */
    public static List<Path> goldenCases() {
        Path folder = existing(root().resolve("golden"));
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> cases = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
            if (cases.isEmpty()) {
                return Assumptions.abort("no *.safetensors in " + folder);
            }
            return cases;
        } catch (IOException e) {
            throw new IllegalStateException("cannot list " + folder, e);
        }
    }

    /** Opens {@code data/<name>} for reading, unpacking {@code .gz} on the way; skips the test where it is absent. */
    public static InputStream open(String name) throws IOException {
        InputStream stream = new BufferedInputStream(Files.newInputStream(data(name)));
        return name.endsWith(".gz") ? new BufferedInputStream(new GZIPInputStream(stream)) : stream;
    }

    /** Opens {@code data/<name>} as UTF-8 text, unpacking {@code .gz} on the way; skips the test where it is absent. */
    public static BufferedReader reader(String name) throws IOException {
        return new BufferedReader(new InputStreamReader(open(name), StandardCharsets.UTF_8));
    }

    /** The whole text of {@code data/<name>}, unpacked; skips the test where it is absent. */
    public static String text(String name) throws IOException {
        try (InputStream stream = open(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Path existing(Path path) {
        if (!Files.exists(path)) {
            return Assumptions.abort("shared data is absent: " + path + " (set -D" + PROPERTY + "=FOLDER)");
        }
        return path;
    }
}
