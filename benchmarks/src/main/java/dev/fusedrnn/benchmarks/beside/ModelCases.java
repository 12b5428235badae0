package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs training steps of models through all sides: first steps compared, then timed in turns. */
final class ModelCases {
    private static final Duration OPEN = Duration.ofSeconds(120);

    private final List<Side> sides;
    private final Rounds rounds;
    private final Path exchange;
    private final RunRecord record;
    private final Ratios ratios = new Ratios();
    private int wrong;

    ModelCases(List<Side> sides, Rounds rounds, Path exchange, RunRecord record) {
        this.sides = sides;
        this.rounds = rounds;
        this.exchange = exchange;
        this.record = record;
    }

    Ratios ratios() {
        return ratios;
    }

    /** How often first steps of the library were neither those of the judge nor of another system. */
    int wrong() {
        return wrong;
    }

    /** Writes the case, runs the first steps of every plan, compares and times them. */
    void run(ModelShape shape, Precision precision) throws IOException, InterruptedException {
        Path file = exchange.resolve("model.safetensors");
        CaseFile.write(file, shape, precision);
        Map<String, Object> one = describe(shape, precision);
        record.add(one);
        Map<String, String> refused = new LinkedHashMap<>();
        Map<Rounds.Plan, Map<String, Object>> checked = new LinkedHashMap<>();
        for (int i = sides.size() - 1; i >= 0; i--) {
            open(sides.get(i), file, checked, refused);
        }
        List<Rounds.Plan> timed = checked.isEmpty() ? List.of() : compareSteps(checked, precision, judge(one));
        Map<Rounds.Plan, Samples> samples = rounds.measure(timed, refused);
        samples.forEach((plan, taken) -> {
            checked.get(plan).putAll(taken.summary());
            checked.get(plan).put("tokensPerSecond", shape.tokens() / taken.median() * 1e3);
        });
        one.put("plans", new ArrayList<>(checked.values()));
        one.put("refused", refused);
        one.put("ratios", compare(samples, checked, precision, shape.name()));
        Side.closeCase(sides, OPEN, refused);
        print(shape, precision, checked, refused);
    }

    private void open(Side side, Path file, Map<Rounds.Plan, Map<String, Object>> checked, Map<String, String> refused)
            throws InterruptedException {
        try {
            Json reply = side.ask(OPEN, "model", file.toString());
            for (Json name : reply.field("plans").items()) {
                Rounds.Plan plan = new Rounds.Plan(side, name.asString());
                try {
                    checked.put(plan, firstSteps(plan));
                } catch (Worker.Failure failed) {
                    refused.put(plan.toString(), failed.getMessage());
                }
            }
        } catch (Worker.Failure failed) {
            refused.put(side.name(), failed.getMessage());
        }
    }

    private Map<String, Object> firstSteps(Rounds.Plan plan) throws Worker.Failure, InterruptedException {
        long before = usedBytes();
        Json reply = plan.side().ask(OPEN, "write", plan.name(), losses(plan).toString());
        long after = usedBytes();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("side", plan.side().name());
        fields.put("plan", plan.name());
        reply.fields().forEach(fields::put);
        if (after > before) {
            fields.put("usedBytes", after - before);
        }
        return fields;
    }

    /** Device memory in use by everybody; 0 if nobody can tell. */
    private long usedBytes() throws InterruptedException {
        for (Side side : sides) {
            if (side.name().equals("pytorch")) {
                try {
                    return side.ask(OPEN, "memory").field("usedBytes").asLong();
                } catch (Worker.Failure unknown) {
                    return 0;
                }
            }
        }
        return 0;
    }

    private Path losses(Rounds.Plan plan) {
        return exchange.resolve("losses-" + plan.side().name() + "-" + plan.name());
    }

    /** The first steps in F32 by PyTorch, without cuDNN; null if there is no PyTorch. */
    private Path judge(Map<String, Object> one) throws InterruptedException {
        Path exact = exchange.resolve("losses-judge");
        for (Side side : sides) {
            if (side.name().equals("pytorch")) {
                try {
                    one.put(
                            "judge",
                            side.ask(OPEN, "judge", exact.toString())
                                    .field("by")
                                    .asString());
                    return exact;
                } catch (Worker.Failure failed) {
                    one.put("judge", "none: " + failed.getMessage());
                }
            }
        }
        return null;
    }

    /**
     * The plans to be timed: the library's that are right, by the judge or because another system has the same (two that round
     * alike may both be farther from F32 than the tolerance), and all of the other systems', right or not, which is then said with
     * their ratios. Without a judge the first plan is it.
     */
    private List<Rounds.Plan> compareSteps(
            Map<Rounds.Plan, Map<String, Object>> checked, Precision precision, Path judge) throws IOException {
        List<Rounds.Plan> timed = new ArrayList<>();
        Path exact = judge == null ? losses(checked.keySet().iterator().next()) : judge;
        for (Map.Entry<Rounds.Plan, Map<String, Object>> entry : checked.entrySet()) {
            Rounds.Plan plan = entry.getKey();
            Path found = losses(plan);
            List<Path> others = checked.keySet().stream()
                    .filter(other -> other.side() != plan.side())
                    .map(this::losses)
                    .toList();
            ModelAgreement fromJudge = ModelAgreement.of(found, exact, precision);
            ModelAgreement agreement = plan.isOurs() ? fromJudge.orNearer(found, others, precision) : fromJudge;
            ParameterSteps parameters = ParameterSteps.of(ParameterSteps.beside(found), ParameterSteps.beside(exact));
            entry.getValue().putAll(StepValues.read(found).fields());
            entry.getValue().putAll(agreement.fields());
            entry.getValue().put("fromJudge", fromJudge.fields());
            entry.getValue().put("fromJudgeByParameter", parameters.fields());
            if (agreement.holds() || !plan.isOurs()) {
                timed.add(plan);
            }
            if (!agreement.holds()) {
                wrong += plan.isOurs() ? 1 : 0;
                System.out.println((plan.isOurs() ? "WRONG " : "not as in F32: ") + plan + ": " + agreement);
                System.out.print(StepValues.read(found).lines(plan.toString()));
                System.out.print(StepValues.read(exact).lines("judge"));
                System.out.print(parameters.line());
            }
        }
        return timed;
    }

    private Map<String, Object> compare(
            Map<Rounds.Plan, Samples> samples,
            Map<Rounds.Plan, Map<String, Object>> checked,
            Precision precision,
            String name) {
        double ours = samples.entrySet().stream()
                .filter(entry -> entry.getKey().isOurs())
                .mapToDouble(entry -> entry.getValue().median())
                .findFirst()
                .orElse(Double.NaN);
        Map<String, Object> found = new LinkedHashMap<>();
        samples.forEach((plan, taken) -> {
            if (!plan.isOurs() && !Double.isNaN(ours)) {
                double ratio = taken.median() / ours;
                found.put(plan.toString(), ratio);
                boolean equal = Boolean.TRUE.equals(checked.get(plan).get("equal"));
                String what = plan + ", " + precision.id() + " training step";
                ratios.add(equal ? what : what + ", its steps not as in F32", name, ratio);
            }
        });
        return found;
    }

    private static Map<String, Object> describe(ModelShape shape, Precision precision) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", shape.name());
        fields.put("cell", shape.cell());
        fields.put("precision", precision.id());
        fields.put("N", shape.batch());
        fields.put("T", shape.steps());
        fields.put("V", shape.vocabulary());
        fields.put("E", shape.embedding());
        fields.put("H", shape.hidden());
        fields.put("L", shape.layers());
        fields.put("optimizer", shape.optimizer());
        return fields;
    }

    private static void print(
            ModelShape shape,
            Precision precision,
            Map<Rounds.Plan, Map<String, Object>> checked,
            Map<String, String> refused) {
        StringBuilder line = new StringBuilder(String.format("%-16s %-5s", shape.name(), precision.id()));
        checked.forEach((plan, fields) -> {
            if (fields.get("tokensPerSecond") instanceof Double speed) {
                line.append(String.format(Locale.ROOT, "  %s %.0f tokens/s", plan, speed));
            }
        });
        System.out.println(line);
        refused.forEach((plan, why) -> System.out.println("    " + plan + ": " + why));
    }
}
