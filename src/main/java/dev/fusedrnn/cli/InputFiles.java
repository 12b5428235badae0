package dev.fusedrnn.cli;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens files that options name; a refusal names the option. */
final class InputFiles {
    private InputFiles() {}

    /** A text. It is read more than once, so a pipe will not do. */
    static TextSource text(String option, Path file) {
        requireFile(option, file);
        if (!Files.isRegularFile(file)) {
            throw new UserError(option + " " + file + ": is not a regular file; a text is read more than once");
        }
        return TextSource.file(file);
    }

    /** Something that can be opened and read. */
    static void requireFile(String option, Path file) {
        requireName(option, file);
        if (Files.isDirectory(file)) {
            throw new UserError(option + " " + file + ": is a folder, expected a text file");
        }
        if (!Files.exists(file)) {
            throw new UserError(option + " " + file + ": no such file");
        }
        if (!Files.isReadable(file)) {
            throw new UserError(option + " " + file + ": no permission to read it");
        }
    }

    /** The empty path is the current folder, which nobody means who types it. */
    static void requireName(String option, Path file) {
        if (file.toString().isEmpty()) {
            throw new UserError(option + ": expected the name of a file, found ''");
        }
    }

    /** A saved model with its vocabulary. */
    static Checkpoint model(String option, Path file) {
        requireName(option, file);
        try {
            Checkpoint checkpoint = Checkpoint.read(file);
            if (checkpoint.codec() == null) {
                throw new UserError(
                        option + " " + file + ": holds no vocabulary; expected a model that train has saved");
            }
            return checkpoint;
        } catch (InvalidFileException invalid) {
            throw new UserError(
                    option + " " + invalid.getMessage() + "; expected a model that train has saved, undamaged",
                    invalid);
        } catch (IOException unreadable) {
            throw new UserError(option + " " + Faults.explain(unreadable), unreadable);
        }
    }
}
