package dev.fusedrnn.cli;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.tensor.GpuException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line and an exit code. A stack trace is shown for faults of the program alone. */
final class Faults {
    /** Switches stack traces on for everything: {@code FUSEDRNN_JAVA_OPTS=-Dfusedrnn.trace=true}. */
    private static final String TRACE = "fusedrnn.trace";

    /** How picocli begins its message about an option's value. */
    private static final Pattern VALUE = Pattern.compile("^Invalid value for option '([^']+)'(?: \\([^)]*\\))?: ");

    /** Java's words for a heap that is full, whatever the machine still has. */
    private static final String HEAP = "Java heap space";

    private Faults() {}

    /** Reports wrong arguments. */
    static int ofArguments(ParameterException wrong, Console console) {
        CommandLine command = wrong.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        StringBuilder line =
                new StringBuilder(VALUE.matcher(oneLine(wrong.getMessage())).replaceFirst("$1: "));
        if (wrong instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            line.append("; did you mean ").append(String.join(" or ", unmatched.getSuggestions()));
            line.append('?');
        }
        console.err().println(name + ": " + line + " (see " + name + " --help)");
        return ExitCode.BAD_INPUT;
    }

    /** Reports what a command threw. */
    static int ofExecution(Throwable fault, String command, Console console) {
        if (Boolean.getBoolean(TRACE)) {
            fault.printStackTrace(console.err());
        }
        if (isInternal(fault)) {
            console.err().println(command + ": internal error, please report it with these lines");
            fault.printStackTrace(console.err());
            return ExitCode.INTERNAL;
        }
        console.err().println(command + ": " + oneLine(explain(fault)));
        boolean device = fault instanceof GpuException.DeviceLost || fault instanceof GpuException.Internal;
        return device ? ExitCode.INTERNAL : ExitCode.BAD_INPUT;
    }

    private static boolean isInternal(Throwable fault) {
        return !(fault instanceof UserError
                || fault instanceof IllegalArgumentException
                || fault instanceof IOException
                || fault instanceof UncheckedIOException
                || fault instanceof GpuException
                || fault instanceof UnsatisfiedLinkError
                || fault instanceof OutOfMemoryError);
    }

    /** A sentence for the user. */
    static String explain(Throwable fault) {
        if (fault instanceof UncheckedIOException wrapped) {
            return explain(wrapped.getCause());
        } else if (fault instanceof InvalidFileException invalid) {
            return invalid.getMessage();
        } else if (fault instanceof NoSuchFileException missing) {
            return missing.getFile() + ": no such file";
        } else if (fault instanceof AccessDeniedException denied) {
            return denied.getFile() + ": no permission";
        } else if (fault instanceof NotDirectoryException notFolder) {
            return notFolder.getFile() + ": not a folder";
        } else if (fault instanceof FileSystemException file) {
            return file.getFile() + ": " + (file.getReason() == null ? "cannot be used" : file.getReason());
        } else if (fault instanceof OutOfMemoryError memory) {
            return "not enough memory: " + memory.getMessage() + "; "
                    + (HEAP.equals(memory.getMessage())
                            ? "FUSEDRNN_JAVA_OPTS=-Xmx8g gives Java 8 GiB; shorter texts and smaller models need less"
                            : "try a smaller --hidden, --batch or --steps");
        }
        return fault.getMessage() == null ? fault.toString() : fault.getMessage();
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
