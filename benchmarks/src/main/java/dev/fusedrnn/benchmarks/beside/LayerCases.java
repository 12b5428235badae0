package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs layers through all sides, one after the other: results compared, then timed in turns. */
final class LayerCases {
    private static final Duration OPEN = Duration.ofSeconds(120);

    private final List<Side> sides;
    private final Rounds rounds;
    private final Path exchange;
    private final RunRecord record;
    private final Ratios ratios = new Ratios();
    private int wrong;

    /**
     * Nothing has been run yet.
     *
     * @param sides those that are there; the library is among them if it is there at all
     */
    LayerCases(List<Side> sides, Rounds rounds, Path exchange, RunRecord record) {
        this.sides = sides;
        this.rounds = rounds;
        this.exchange = exchange;
        this.record = record;
    }

    Ratios ratios() {
        return ratios;
    }

    /** How often a plan's results were not those of double precision. */
    int wrong() {
        return wrong;
    }

    static String name(LayerShape shape, CellType cell, Precision precision) {
        return shape.name() + " " + cell.id() + " " + precision.id();
    }

    /** Writes the case, lets one side judge, and runs its passes. */
    void run(LayerShape shape, CellType cell, Precision precision) throws IOException, InterruptedException {
        Path file = exchange.resolve("case.safetensors");
        CaseFile.write(file, shape.data(cell, precision), precision);
        Pass widest = shape.passes().contains(Pass.TRAINING) ? Pass.TRAINING : Pass.INFERENCE;
        Path exact = exchange.resolve("exact.safetensors");
        String judge = judge(file, widest, exact);
        for (Pass pass : shape.passes()) {
            Map<String, Object> one = describe(shape, cell, precision, pass);
            one.put("judge", judge);
            record.add(one);
            run(one, file, pass, exact, precision, name(shape, cell, precision));
        }
    }

    /** PyTorch judges where it is there, being quicker at it than the library's reference engine. */
    private String judge(Path file, Pass pass, Path exact) throws InterruptedException {
        String reason = "";
        for (int i = sides.size() - 1; i >= 0; i--) {
            Side side = sides.get(i);
            if (!side.name().equals("cudnn")) {
                try {
                    side.ask(OPEN, "layer", file.toString(), pass.id());
                    return side.ask(OPEN, "judge", exact.toString()).field("by").asString();
                } catch (Worker.Failure failed) {
                    reason += side.name() + ": " + failed.getMessage() + "; ";
                }
            }
        }
        return "none: " + reason;
    }

    private void run(Map<String, Object> one, Path file, Pass pass, Path exact, Precision precision, String name)
            throws IOException, InterruptedException {
        Map<String, String> refused = new LinkedHashMap<>();
        Map<Rounds.Plan, Map<String, Object>> checked = new LinkedHashMap<>();
        List<Rounds.Plan> equal = new ArrayList<>();
        Map<Rounds.Plan, Rounds.Plan> twins = new LinkedHashMap<>();
        for (Side side : sides) {
            for (Rounds.Plan plan : open(side, file, pass, refused)) {
                Map<String, Object> fields = check(plan, exact, precision, refused);
                if (fields == null) {
                    continue;
                }
                Rounds.Plan twin = twin(plan, fields, checked);
                checked.put(plan, fields);
                if (fields.get("equal") != Boolean.TRUE) {
                    continue;
                }
                if (equal.contains(twin)) {
                    twins.put(plan, twin);
                    fields.put("measuredAs", twin.name());
                } else {
                    equal.add(plan);
                }
            }
        }
        Map<Rounds.Plan, Samples> samples = rounds.measure(equal, refused);
        twins.forEach((plan, twin) -> samples.computeIfAbsent(plan, absent -> samples.get(twin)));
        samples.forEach((plan, taken) -> checked.get(plan).putAll(taken.summary()));
        one.put("plans", new ArrayList<>(checked.values()));
        one.put("refused", refused);
        one.put("ratios", compare(samples, precision, pass, name));
        Side.closeCase(sides, OPEN, refused);
        print(name, pass, samples, refused);
    }

    private static List<Rounds.Plan> open(Side side, Path file, Pass pass, Map<String, String> refused)
            throws InterruptedException {
        List<Rounds.Plan> plans = new ArrayList<>();
        try {
            Json reply = side.ask(OPEN, "layer", file.toString(), pass.id());
            reply.field("plans").items().forEach(plan -> plans.add(new Rounds.Plan(side, plan.asString())));
            Json others = reply.fields().get("refused");
            if (others != null) {
                others.fields().forEach((plan, why) -> refused.put(side.name() + "/" + plan, why.asString()));
            }
        } catch (Worker.Failure failed) {
            refused.put(side.name(), failed.getMessage());
        }
        return plans;
    }

    /** The plan's results beside the exact ones; null if it has none. */
    private Map<String, Object> check(Rounds.Plan plan, Path exact, Precision precision, Map<String, String> refused)
            throws IOException, InterruptedException {
        Path results = exchange.resolve("results.safetensors");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("side", plan.side().name());
        fields.put("plan", plan.name());
        try {
            Json reply = plan.side().ask(OPEN, "write", plan.name(), results.toString());
            Json detail = reply.fields().get("detail");
            fields.put("detail", detail == null ? "" : detail.asString());
        } catch (Worker.Failure failed) {
            refused.put(plan.toString(), failed.getMessage());
            return null;
        }
        Agreement agreement = Agreement.of(results, exact, precision.tolerance());
        fields.putAll(agreement.fields());
        if (!agreement.holds()) {
            wrong++;
            System.out.println("WRONG " + plan + ": " + agreement);
        }
        return fields;
    }

    /** The engine of the library that computes in the same way, as auto does that has chosen it; null if there is none. */
    static Rounds.Plan twin(
            Rounds.Plan plan, Map<String, Object> fields, Map<Rounds.Plan, Map<String, Object>> before) {
        Object detail = fields.get("detail");
        return before.entrySet().stream()
                .filter(other -> plan.isOurs() && other.getKey().side() == plan.side())
                .filter(other ->
                        !detail.equals("") && detail.equals(other.getValue().get("detail")))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    private Map<String, Object> compare(
            Map<Rounds.Plan, Samples> samples, Precision precision, Pass pass, String name) {
        Map<Rounds.Plan, Double> medians = new LinkedHashMap<>();
        samples.forEach((plan, taken) -> medians.put(plan, taken.median()));
        Map<String, Double> found = ratios(medians);
        found.forEach(
                (what, ratio) -> ratios.add("best of " + what + ", " + precision.id() + " " + pass.id(), name, ratio));
        return new LinkedHashMap<>(found);
    }

    /** The fastest plan of each peer ÷ every engine of the library, by {@code peer / engine}. */
    static Map<String, Double> ratios(Map<Rounds.Plan, Double> medians) {
        Map<String, Double> best = new LinkedHashMap<>();
        Map<String, Double> ours = new LinkedHashMap<>();
        medians.forEach((plan, median) -> {
            if (plan.isOurs()) {
                ours.put(plan.name(), median);
            } else {
                best.merge(plan.side().name(), median, Math::min);
            }
        });
        Map<String, Double> found = new LinkedHashMap<>();
        best.forEach((peer, time) -> ours.forEach((engine, own) -> found.put(peer + " / " + engine, time / own)));
        return found;
    }

    private static Map<String, Object> describe(LayerShape shape, CellType cell, Precision precision, Pass pass) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("shape", shape.name());
        fields.put("cell", cell.id());
        fields.put("precision", precision.id());
        fields.put("pass", pass.id());
        fields.put("N", shape.batch());
        fields.put("T", shape.steps());
        fields.put("C", shape.input());
        fields.put("H", shape.hidden());
        fields.put("L", shape.layers());
        fields.put("D", shape.directions());
        fields.put("lengths", shape.skewed() ? "skewed" : "all T");
        fields.put("tolerance", precision.tolerance());
        return fields;
    }

    private static void print(String name, Pass pass, Map<Rounds.Plan, Samples> samples, Map<String, String> refused) {
        StringBuilder line = new StringBuilder(String.format("%-32s %-9s", name, pass.id()));
        samples.forEach((plan, taken) -> line.append(String.format(Locale.ROOT, "  %s %.4f", plan, taken.median())));
        System.out.println(line);
        refused.forEach((plan, why) -> System.out.println("    " + plan + ": " + why));
    }
}
