package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON of one run, written anew after every case, so that a run that is stopped leaves what it has. */
final class RunRecord {
    private final Path file;
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private final Map<String, Object> sides = new LinkedHashMap<>();
    private final List<Map<String, Object>> leftOut = new ArrayList<>();
    private final List<Map<String, Object>> cases = new ArrayList<>();
    private final List<String> notReached = new ArrayList<>();

    /**
     * A record without cases.
     *
     * @param what {@code layers}, {@code models}, ...
     */
    RunRecord(String what, Setup setup) {
        this.file = setup.out;
        fields.put("what", what);
        fields.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        fields.put("commit", setup.commit);
        fields.put("processors", Runtime.getRuntime().availableProcessors());
    }

    /** Sets a field of the whole run. */
    void put(String name, Object value) {
        fields.put(name, value);
    }

    /** Keeps the sides whose workers start; the others are named as left out. */
    List<Side> present(List<Side> all, Map<String, String> switchedOff) throws InterruptedException {
        List<Side> present = new ArrayList<>();
        for (Side side : all) {
            String missing = switchedOff.containsKey(side.name()) ? switchedOff.get(side.name()) : side.missing();
            if (missing.isEmpty()) {
                present.add(side);
                sides.put(side.name(), side.description());
            } else {
                leaveOut(side.name(), missing);
            }
        }
        return present;
    }

    void leaveOut(String what, String why) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("what", what);
        entry.put("why", why);
        leftOut.add(entry);
        System.out.println("left out: " + what + ": " + why);
    }

    void add(Map<String, Object> oneCase) {
        cases.add(oneCase);
    }

    void notReached(String name) {
        notReached.add(name);
    }

    /** Writes the file. */
    void write(double seconds, Ratios ratios) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>(fields);
        all.put("seconds", seconds);
        all.put("sides", sides);
        all.put("leftOut", leftOut);
        all.put("notReached", notReached);
        all.put("summary", ratios.summary());
        all.put("cases", cases);
        Json.of(all).write(file);
    }

    /** Prints the summary. */
    void print(Ratios ratios) {
        for (Map<String, Object> row : ratios.summary()) {
            System.out.printf(
                    "%-44s %3d cases, geometric mean %.2f, worst %.2f (%s)%n",
                    row.get("what"),
                    row.get("cases"),
                    row.get("geometricMean"),
                    row.get("worst"),
                    row.get("worstCase"));
        }
        if (!notReached.isEmpty()) {
            System.out.println(notReached.size() + " cases were not reached in the time given");
        }
        System.out.println("written to " + file);
    }
}
