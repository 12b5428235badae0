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
        if (Files.isDirectory(file)) {
            throw new UserError(option + " " + file + ": is a folder, expected a text file");
        }
        if (!Files.exists(file)) {
            throw new UserError(option + " " + file + ": no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new UserError(option + " " + file + ": is not a regular file; a text is read more than once");
        }
        if (!Files.isReadable(file)) {
            throw new UserError(option + " " + file + ": no permission to read it");
        }
        return TextSource.file(file);
    }

    /** A saved model with its vocabulary. */
    static Checkpoint model(String option, Path file) {
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
