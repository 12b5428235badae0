package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One of the systems that are compared: a worker that is started anew when it is lost, a few times. */
final class Side implements AutoCloseable {
    /** Name of the side that is this library. */
    static final String LIBRARY = "library";

    private static final Duration START = Duration.ofSeconds(90);
    private static final int MOST_STARTS = 4;
    /** Threads that spin while they wait take the cores from the other sides. */
    private static final Map<String, String> ENVIRONMENT = Map.of("OMP_WAIT_POLICY", "passive");

    private final String name;
    private final List<String> command;
    private final Path log;
    private Worker worker;
    private Json description = Json.of(Map.of());
    private int starts;
    private String reason;

    /**
     * A system.
     *
     * @param command how its worker is started
     * @param log for its error output
     */
    Side(String name, List<String> command, Path log) {
        this.name = name;
        this.command = command;
        this.log = log;
    }

    String name() {
        return name;
    }

    /** A worker of its own for the caller, who closes it. */
    Worker worker(Map<String, String> environment) throws IOException {
        Map<String, String> all = new HashMap<>(ENVIRONMENT);
        all.putAll(environment);
        return Worker.start(name, command, all, log);
    }

    /** Starts the worker if there is none; why there is none if it cannot be, else empty. */
    String missing() throws InterruptedException {
        if (worker == null && reason == null) {
            try {
                start();
            } catch (Worker.Failure failed) {
                reason = failed.getMessage() + "; see " + log;
            }
        }
        return reason == null ? "" : reason;
    }

    /** Versions and device; known once the worker has been started. */
    Json description() {
        return description;
    }

    private void start() throws Worker.Failure, InterruptedException {
        if (starts == MOST_STARTS) {
            throw new Worker.Lost(name + " was lost " + starts + " times");
        }
        starts++;
        try {
            worker = worker(Map.of());
        } catch (IOException failed) {
            throw new Worker.Failure(failed.getMessage());
        }
        try {
            description = worker.ask(START, "describe");
        } catch (Worker.Failure failed) {
            worker = null;
            throw failed;
        }
    }

    /**
     * Carries out a command.
     *
     * @throws Worker.Failure if it failed, or if there is no worker
     */
    Json ask(Duration limit, String... words) throws Worker.Failure, InterruptedException {
        if (worker == null) {
            if (reason != null) {
                throw new Worker.Lost(reason);
            }
            start();
        }
        try {
            return worker.ask(limit, words);
        } catch (Worker.Lost lost) {
            worker = null;
            if (starts == MOST_STARTS) {
                reason = lost.getMessage();
            }
            throw lost;
        }
    }

    /** Lets all sides free their open case; who is lost by that is named in {@code refused}. */
    static void closeCase(List<Side> sides, Duration limit, Map<String, String> refused) throws InterruptedException {
        for (Side side : sides) {
            try {
                side.ask(limit, "close");
            } catch (Worker.Failure lost) {
                refused.put(side.name(), lost.getMessage());
            }
        }
    }

    @Override
    public void close() {
        if (worker != null) {
            worker.close();
            worker = null;
        }
    }
}
