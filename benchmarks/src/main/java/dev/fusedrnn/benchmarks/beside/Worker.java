package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A child process that computes what it is told to. Each command is a line of words on its standard input, each reply a line
 * of its standard output that begins with {@value #REPLY} and goes on with a JSON object; a field {@code error} says that the
 * command failed. Other output is kept in the log.
 *
 * <table>
 * <caption>Commands</caption>
 * <tr><td>{@code describe}</td><td>versions and device</td></tr>
 * <tr><td>{@code layer FILE inference|training}</td><td>opens a case; {@code plans}: ways to compute it, {@code refused}:
 *     others and why not</td></tr>
 * <tr><td>{@code model FILE}</td><td>the same for training steps of a language model</td></tr>
 * <tr><td>{@code judge FILE}</td><td>writes the open layer's results in double precision, the open model's
 *     first steps in F32</td></tr>
 * <tr><td>{@code write PLAN FILE}</td><td>computes the results to compare and writes them; comes before {@code time}</td></tr>
 * <tr><td>{@code time PLAN SECONDS}</td><td>{@code ms}: samples, milliseconds of a pass</td></tr>
 * <tr><td>{@code window PLAN STEPS}</td><td>runs steps; {@code from}, {@code to}: nanoseconds of the monotonic clock</td></tr>
 * <tr><td>{@code close}</td><td>frees the case</td></tr>
 * <tr><td>{@code quit}</td><td>ends the process; no reply</td></tr>
 * </table>
 */
final class Worker implements AutoCloseable {
    /** How a reply begins. */
    static final String REPLY = "@ ";

    private static final Duration END = Duration.ofSeconds(20);
    private static final String DEAD = "";

    private final String name;
    private final Process process;
    private final BufferedWriter commands;
    private final BlockingQueue<String> replies = new LinkedBlockingQueue<>();

    /** A command failed; the process may go on. */
    static class Failure extends Exception {
        private static final long serialVersionUID = 1;

        Failure(String message) {
            super(message);
        }
    }

    /** The process ended or did not answer in time; a new one is needed. */
    static final class Lost extends Failure {
        private static final long serialVersionUID = 1;

        Lost(String message) {
            super(message);
        }
    }

    private Worker(String name, Process process) {
        this.name = name;
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "replies of " + name);
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts a process.
     *
     * @param log where its error output goes, added to what is there
     */
    static Worker start(String name, List<String> command, Map<String, String> environment, Path log)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return new Worker(name, builder.start());
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null) {
                if (line.startsWith(REPLY)) {
                    replies.add(line.substring(REPLY.length()));
                }
                line = lines.readLine();
            }
        } catch (IOException ended) {
            // The same as the end of the output.
        }
        replies.add(DEAD);
    }

    /**
     * Carries out a command.
     *
     * @throws Failure with the worker's reason
     * @throws Lost if there is no answer within the limit; the process has been ended
     */
    Json ask(Duration limit, String... words) throws Failure, InterruptedException {
        String command = String.join(" ", words);
        try {
            commands.write(command + "\n");
            commands.flush();
        } catch (IOException ended) {
            throw lost("has ended before '" + command + "'");
        }
        String reply = replies.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
        if (reply == null) {
            throw lost("did not answer '" + command + "' within " + limit.toSeconds() + " s");
        }
        if (reply.equals(DEAD)) {
            throw lost("ended during '" + command + "'");
        }
        Json answer = Json.parse(reply);
        Json error = answer.fields().get("error");
        if (error != null) {
            throw new Failure(error.asString());
        }
        return answer;
    }

    private Lost lost(String what) {
        process.destroyForcibly();
        return new Lost(name + " " + what);
    }

    /** Lets the process end by itself, and ends it if it does not. */
    @Override
    public void close() {
        try {
            commands.write("quit\n");
            commands.close();
        } catch (IOException ended) {
            // There is nobody to tell.
        }
        try {
            if (!process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
