package dev.fusedrnn.train;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How a {@link TrainingState} stands in a checkpoint: numbers as metadata and an F64 table, arrays as F32 tensors. */
final class TrainingStateFile {
    private static final String KEY = "training";
    private static final String MOMENT_1 = "optimizer.moment1";
    private static final String MOMENT_2 = "optimizer.moment2";
    private static final String ITERATE = "optimizer.iterate";
    private static final String AVERAGED = "averagedSteps";
    private static final String H = "state.h";
    private static final String C = "state.c";
    private static final String HISTORY = "training.history";
    private static final String SUMS = "training.sums";
    private static final int HISTORY_COLUMNS = 7;
    /** Columns and sums of files of earlier builds, which knew no penalty. */
    private static final int LEAST_COLUMNS = 6;

    private static final int LEAST_SUMS = 3;

    private TrainingStateFile() {}

    static void write(SafetensorsWriter writer, TrainingState state) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("step", state.step());
        fields.put("epoch", state.epoch());
        fields.put("minibatch", state.minibatch());
        fields.put("lossTokens", state.lossTokens());
        fields.put("lossScaleSteps", state.lossScaleSteps());
        fields.put("fingerprint", state.fingerprint());
        fields.put("optimizer", state.optimizer());
        fields.put(AVERAGED, state.averagedSteps());
        writer.metadata(KEY, Json.of(fields).text());
        // As tensors, not as text: sums of a diverged run are not finite.
        writer.add(SUMS, new long[] {LEAST_SUMS + 1}, new double[] {
            state.lossSum(), state.seconds(), state.lossScale(), state.penaltySum()
        });
        writer.add(HISTORY, new long[] {state.history().size(), HISTORY_COLUMNS}, table(state.history()));
        add(writer, MOMENT_1, state.moment1());
        add(writer, MOMENT_2, state.moment2());
        add(writer, ITERATE, state.iterate());
        add(writer, H, state.h());
        add(writer, C, state.c());
    }

    /** The state, or null if the file has none. */
    static TrainingState read(SafetensorsReader reader) throws IOException {
        if (!reader.metadata().containsKey(KEY)) {
            return null;
        }
        Json fields = Json.parse(reader.metadata(KEY));
        double[] sums = sums(reader);
        return new TrainingState(
                notNegative(fields, "step"),
                Math.toIntExact(Math.min(Integer.MAX_VALUE, notNegative(fields, "epoch"))),
                notNegative(fields, "minibatch"),
                sums[0],
                sums.length > LEAST_SUMS ? sums[LEAST_SUMS] : 0,
                notNegative(fields, "lossTokens"),
                sums[1],
                (float) sums[2],
                Math.toIntExact(Math.min(Integer.MAX_VALUE, notNegative(fields, "lossScaleSteps"))),
                fields.field("fingerprint").asString(),
                fields.field("optimizer").asString(),
                optional(reader, MOMENT_1),
                optional(reader, MOMENT_2),
                optional(reader, ITERATE),
                averagedSteps(fields),
                optional(reader, H),
                optional(reader, C),
                history(reader));
    }

    private static double[] table(List<EpochReport> history) {
        double[] table = new double[history.size() * HISTORY_COLUMNS];
        int at = 0;
        for (EpochReport report : history) {
            table[at++] = report.epoch();
            table[at++] = report.trainPerplexity();
            table[at++] = report.validationPerplexity();
            table[at++] = report.tokens();
            table[at++] = report.seconds();
            table[at++] = report.learningRate();
            table[at++] = report.penalty();
        }
        return table;
    }

    private static double[] sums(SafetensorsReader reader) throws IOException {
        double[] sums = reader.doubles(SUMS);
        if (sums.length != LEAST_SUMS) {
            reader.entry(SUMS, LEAST_SUMS + 1);
        }
        return sums;
    }

    private static List<EpochReport> history(SafetensorsReader reader) throws IOException {
        double[] table = reader.doubles(HISTORY);
        List<Long> shape = reader.entry(HISTORY).shape();
        int columns = shape.size() == 2 && shape.get(1) == LEAST_COLUMNS ? LEAST_COLUMNS : HISTORY_COLUMNS;
        if (table.length % columns != 0) {
            throw reader.invalid(
                    "tensor " + HISTORY + " must have rows of " + HISTORY_COLUMNS + ", found " + table.length
                            + " values",
                    reader.entry(HISTORY).position());
        }
        List<EpochReport> history = new ArrayList<>();
        for (int at = 0; at < table.length; at += columns) {
            history.add(new EpochReport(
                    (int) table[at],
                    table[at + 1],
                    table[at + 2],
                    (long) table[at + 3],
                    table[at + 4],
                    table[at + 5],
                    columns > LEAST_COLUMNS ? table[at + LEAST_COLUMNS] : 0));
        }
        return history;
    }

    private static void add(SafetensorsWriter writer, String name, float[] values) {
        if (values != null) {
            writer.add(name, StoredType.F32, new long[] {values.length}, values);
        }
    }

    private static float[] optional(SafetensorsReader reader, String name) throws IOException {
        return reader.contains(name) ? StateFiles.finite(reader, name) : null;
    }

    /** Files of earlier builds say nothing of averages. */
    private static long averagedSteps(Json fields) {
        return fields.has(AVERAGED) ? notNegative(fields, AVERAGED) : 0;
    }

    private static long notNegative(Json fields, String name) {
        long value = fields.field(name).asLong();
        if (value < 0) {
            throw new IllegalArgumentException(name + " must be 0 or more, found " + value);
        }
        return value;
    }
}
