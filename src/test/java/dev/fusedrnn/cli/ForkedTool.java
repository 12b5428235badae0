package dev.fusedrnn.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command line tool in a process of its own, to be sent signals. */
final class ForkedTool implements AutoCloseable {
    private static final int LONGEST_SECONDS = 60;
    private static final String THREADS = "fusedrnn.cpu.threads";

    private final Process process;
    private final BufferedReader err;
    private final StringBuilder seen = new StringBuilder();

    private ForkedTool(Process process) {
        this.process = process;
        this.err = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    }

    /**
     * Starts the tool.
     *
     * @param limits shell commands to run before, such as {@code ulimit}
     */
    static ForkedTool start(String limits, String... args) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        // A shell that starts something in the background makes it ignore SIGINT, which is inherited.
        List<String> command = new ArrayList<>(List.of("bash", "-c", limits + " exec env --default-signal=INT \"$@\""));
        command.addAll(List.of("tool", java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"));
        // Bits depend on the number of threads: the same as here.
        String threads = System.getProperty(THREADS);
        if (threads != null) {
            command.add("-D" + THREADS + "=" + threads);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(args));
        return new ForkedTool(new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** Waits for a line of standard error that holds {@code part}. */
    void awaitLine(String part) {
        try {
            for (String line = err.readLine(); line != null; line = err.readLine()) {
                seen.append(line).append('\n');
                if (line.contains(part)) {
                    return;
                }
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
        throw new AssertionError("ended without a line with \"" + part + "\":\n" + seen);
    }

    /** Sends a signal such as {@code INT}. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    /** Waits for the end and returns the exit code. */
    int await() throws IOException, InterruptedException {
        for (String line = err.readLine(); line != null; line = err.readLine()) {
            seen.append(line).append('\n');
        }
        if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running:\n" + seen);
        }
        return process.exitValue();
    }

    /** All of standard error that was read. */
    String err() {
        return seen.toString();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
