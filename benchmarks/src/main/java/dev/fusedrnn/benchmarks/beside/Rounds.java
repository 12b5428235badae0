package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lets plans take turns: in each round every plan is timed once, each round beginning with another one. A first round does
 * not count: it wakes the device's clock and lets Java compile.
 */
final class Rounds {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final int rounds;
    private final double seconds;

    /**
     * A way of measuring.
     *
     * @param rounds that count
     * @param seconds of each plan in each round
     */
    Rounds(int rounds, double seconds) {
        this.rounds = rounds;
        this.seconds = seconds;
    }

    /** A way of one side to compute the open case. */
    record Plan(Side side, String name) {
        /** Whether it is one of the library's, by which the others are divided. */
        boolean isOurs() {
            return side.name().equals(Side.LIBRARY);
        }

        @Override
        public String toString() {
            return side.name() + "/" + name;
        }
    }

    /** Times all plans; one that fails is left out and named in {@code failed}. */
    Map<Plan, Samples> measure(List<Plan> plans, Map<String, String> failed) throws InterruptedException {
        Map<Plan, Samples> samples = new LinkedHashMap<>();
        plans.forEach(plan -> samples.put(plan, new Samples()));
        List<Plan> left = new ArrayList<>(plans);
        for (int round = -1; round < rounds; round++) {
            for (int i = 0; i < plans.size(); i++) {
                Plan plan = plans.get((i + Math.max(0, round)) % plans.size());
                if (!left.contains(plan)) {
                    continue;
                }
                try {
                    List<Double> taken = time(plan);
                    if (round >= 0) {
                        samples.get(plan).add(taken);
                    }
                } catch (Worker.Failure failure) {
                    failed.put(plan.toString(), failure.getMessage());
                    left.remove(plan);
                    samples.remove(plan);
                }
            }
        }
        return samples;
    }

    private List<Double> time(Plan plan) throws Worker.Failure, InterruptedException {
        Json reply = plan.side().ask(LIMIT, "time", plan.name(), String.valueOf(seconds));
        return reply.field("ms").items().stream().map(Json::asDouble).toList();
    }
}
