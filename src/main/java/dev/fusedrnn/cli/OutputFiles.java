package dev.fusedrnn.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes sure, before hours of work, that its results can be written. */
final class OutputFiles {
    private final Map<Path, String> options = new LinkedHashMap<>();
    private final Map<Path, String> read = new LinkedHashMap<>();

    /**
     * Names a file that is read: it must not be written over.
     *
     * @param option the option that named it
     * @param file null if the option was not given
     */
    OutputFiles spare(String option, Path file) {
        if (file != null) {
            read.put(file, option);
        }
        return this;
    }

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
        InputFiles.requireName(option, file);
        Path absolute = file.toAbsolutePath().normalize();
        String other = options.putIfAbsent(absolute, option);
        if (other != null) {
            throw new UserError(option + " " + file + ": the same file as " + other);
        }
        if (Files.isDirectory(absolute)) {
            throw new UserError(option + " " + file + ": is a folder, expected a file");
        }
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            throw new UserError(option + " " + file + ": is not a regular file, cannot be replaced");
        }
        read.forEach((input, name) -> requireOther(option, file, name, input));
        Path folder = absolute.getParent();
        if (!Files.isDirectory(folder)) {
            throw new UserError(option + " " + file + ": there is no folder " + folder);
        }
        tryToWrite(option, file, folder);
        return this;
    }

    /** By whatever names or links they are reached. */
    private static void requireOther(String option, Path file, String inputOption, Path input) {
        try {
            if (Files.exists(file) && Files.exists(input) && Files.isSameFile(file, input)) {
                throw new UserError(
                        option + " " + file + ": the same file as " + inputOption + ", would be written over");
            }
        } catch (IOException unknown) {
            throw new UserError(option + " " + file + ": " + Faults.explain(unknown), unknown);
        }
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
