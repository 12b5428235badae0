package dev.fusedrnn.cli;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The JSON of {@code --report}. Numbers that are not finite are null. */
final class TrainingReport {
    private final Path file;
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private final long start = System.nanoTime();

    /**
     * A report that is empty but for how the run was asked for.
     *
     * @param file null for none
     */
    TrainingReport(Path file, Map<String, String> settings) {
        this.file = file;
        fields.put("fusedrnn", Version.of());
        Map<String, Object> options = new LinkedHashMap<>();
        settings.forEach((name, value) -> options.put(name.replaceFirst("^--", ""), value));
        fields.put("options", options);
        fields.put("machine", Machine.facts());
    }

    /** What is trained, and where. */
    void describe(LanguageModel model, Trainer trainer, String text, long tokens) {
        fields.put("text", Map.of("name", text));
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("name", text);
        about.put("tokens", tokens);
        about.put("vocabulary", model.codec().vocabulary().size());
        fields.put("text", about);
        fields.put("parameters", model.network().parameters().count());
        fields.put("device", model.network().device().name());
        fields.put("deviceDescription", model.network().device().description());
        fields.put("engine", engine(model));
        fields.put("plan", trainer.plan());
        Map<String, Object> memory = new LinkedHashMap<>(trainer.memory().byUse());
        memory.put("total", trainer.memory().total());
        fields.put("memoryBytes", memory);
    }

    /** Names of the engines of the recurrent layers. */
    static String engine(LanguageModel model) {
        return model.network().stacks().stream()
                .map(rnn -> rnn.engine().name())
                .distinct()
                .collect(Collectors.joining(" + "));
    }

    /** Perplexity of the test text. */
    void test(double perplexity) {
        fields.put("testPerplexity", finite(perplexity));
    }

    /** What the model wrote. */
    void sample(String text) {
        fields.put("sample", text);
    }

    /**
     * Writes the file anew.
     *
     * @param state {@code running}, {@code complete}, {@code interrupted} or {@code diverged}
     */
    void write(Trainer trainer, String state) throws IOException {
        if (file == null) {
            return;
        }
        List<EpochReport> history = trainer.history();
        Map<String, Object> all = new LinkedHashMap<>(fields);
        all.put("state", state);
        all.put("steps", trainer.steps());
        all.put("averagedSteps", trainer.averagedSteps());
        all.put("seconds", (System.nanoTime() - start) / 1e9);
        if (!history.isEmpty()) {
            EpochReport last = history.get(history.size() - 1);
            all.put("trainPerplexity", finite(last.trainPerplexity()));
            all.put("validationPerplexity", finite(last.validationPerplexity()));
            all.put("tokensPerSecond", finite(tokensPerSecond(history)));
        }
        all.put("epochs", history.stream().map(TrainingReport::epoch).toList());
        try {
            Json.of(all).write(file);
        } catch (IOException failed) {
            throw new IOException("--report " + file + ": not written: " + Faults.explain(failed), failed);
        }
    }

    private static double tokensPerSecond(List<EpochReport> history) {
        double tokens = history.stream().mapToDouble(EpochReport::tokens).sum();
        return tokens / history.stream().mapToDouble(EpochReport::seconds).sum();
    }

    private static Map<String, Object> epoch(EpochReport epoch) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("epoch", epoch.epoch());
        fields.put("trainPerplexity", finite(epoch.trainPerplexity()));
        fields.put("validationPerplexity", finite(epoch.validationPerplexity()));
        fields.put("tokens", epoch.tokens());
        fields.put("seconds", finite(epoch.seconds()));
        fields.put("tokensPerSecond", finite(epoch.tokensPerSecond()));
        fields.put("learningRate", finite(epoch.learningRate()));
        fields.put("penalty", finite(epoch.penalty()));
        return fields;
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
