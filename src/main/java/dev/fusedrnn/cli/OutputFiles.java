package dev.fusedrnn.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes sure, before hours of work, that its results can be written. */
final class OutputFiles {
    private final Map<Path, String> options = new LinkedHashMap<>();

    /**
     * Checks that a file can be made or replaced.
     *
     * @param option the option that named it
     * @param file null if the option was not given
     */
    OutputFiles check(String option, Path file) {
        if (file == null) {
            return this;
        }
        Path absolute = file.toAbsolutePath().normalize();
        String other = options.putIfAbsent(absolute, option);
        if (other != null) {
            throw new UserError(option + " " + file + ": the same file as " + other);
        }
        if (Files.isDirectory(absolute)) {
            throw new UserError(option + " " + file + ": is a folder, expected a file");
        }
        Path folder = absolute.getParent();
        if (!Files.isDirectory(folder)) {
            throw new UserError(option + " " + file + ": there is no folder " + folder);
        }
        tryToWrite(option, file, folder);
        return this;
    }

    /** Permission bits do not tell everything: a file system may be mounted for reading alone. */
    private static void tryToWrite(String option, Path file, Path folder) {
        try {
            Files.delete(Files.createTempFile(folder, ".fusedrnn-", ".tmp"));
        } catch (IOException refused) {
            throw new UserError(option + " " + file + ": cannot write to folder " + folder + ": " + reason(refused));
        }
    }

    private static String reason(IOException refused) {
        String explained = Faults.explain(refused);
        return explained.substring(explained.lastIndexOf(": ") + 1).strip();
    }
}
