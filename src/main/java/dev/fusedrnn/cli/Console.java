package dev.fusedrnn.cli;

import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err progress, notes and faults
 * @param terminal whether {@code err} is looked at by a person: a progress bar instead of lines
 */
record Console(PrintStream out, PrintStream err, boolean terminal) {
    /** A line that is not part of the result. */
    void note(String line) {
        err.println(line);
    }
}
