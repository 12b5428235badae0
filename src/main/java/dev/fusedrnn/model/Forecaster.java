package dev.fusedrnn.model;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ModelFile;
import dev.fusedrnn.train.RegressionTask;
import dev.fusedrnn.train.SequenceNetworkJson;
import dev.fusedrnn.train.SequenceWithValues;
import dev.fusedrnn.train.Series;
import dev.fusedrnn.train.Standardizer;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Says what follows in a series from its last values: a window, the numbers that values are standardised by, and a network that
 * reads a window and says the next times of all columns. Farther times are forecast from forecasts.
 *
 * <p>Owns the network. Confined to one thread at a time, like its device.
 */
public final class Forecaster implements AutoCloseable {
    private static final String KIND = "fusedrnn forecaster";
    private static final String WINDOW = "window";

    private final SequenceNetwork network;
    private final ForecastWindow window;
    private final Standardizer standardizer;
    private final RegressionTask task;

    /**
     * A forecaster of a network, which it closes.
     *
     * @param standardizer of the training series; with scaling by windows it only says the number of columns
     * @throws IllegalArgumentException if network, window and columns do not fit together
     */
    public Forecaster(SequenceNetwork network, ForecastWindow window, Standardizer standardizer) {
        SequenceNetworkConfig config = network.config();
        int columns = standardizer.columns();
        if (config.embeds() || config.pooling() == Pooling.NONE) {
            throw new IllegalArgumentException("a forecaster needs a network that reads features and pools");
        }
        requireSize("inputs", window.inputSize(columns), config.rnn().inputSize());
        requireSize("outputs", Math.multiplyExact(window.horizon(), columns), config.outputs());
        this.network = network;
        this.window = window;
        this.standardizer = standardizer;
        this.task = new RegressionTask(network);
    }

    private static void requireSize(String what, int expected, int found) {
        if (expected != found) {
            throw new IllegalArgumentException(
                    "the window needs a network with " + expected + " " + what + ", found " + found);
        }
    }

    /**
     * A new forecaster of series like a given one.
     *
     * @param stack layers; the size of their input is replaced by the window's
     * @param training the part of a series whose mean and deviation values are standardised by
     */
    public static Forecaster create(
            ForecastWindow window,
            RnnConfig stack,
            Series training,
            Device device,
            EngineChoice choice,
            Initialization initialization,
            long seed) {
        int columns = training.columns();
        RnnConfig sized = stack.withSizes(window.inputSize(columns), stack.hiddenSize());
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(0, sized, Pooling.FINAL, Math.multiplyExact(window.horizon(), columns));
        SequenceNetwork network = SequenceNetwork.create(config, device, choice, initialization, seed);
        return Predictions.owning(network, () -> new Forecaster(network, window, Standardizer.of(training)));
    }

    /**
     * A forecaster that {@link #save} wrote.
     *
     * @throws dev.fusedrnn.io.InvalidFileException if the file is anything else, or damaged
     * @throws IOException if it is missing or cannot be read
     */
    public static Forecaster load(Path path, Device device, EngineChoice choice) throws IOException {
        ModelFile file = ModelFile.read(path, KIND, config -> SequenceNetwork.plan(SequenceNetworkJson.read(config)));
        SequenceNetwork network = SequenceNetwork.create(SequenceNetworkJson.read(file.config()), device, choice);
        return Predictions.loaded(path, network, () -> {
            file.copyTo(network.parameters());
            Json fields = Json.parse(file.text(WINDOW));
            ForecastWindow window = new ForecastWindow(
                    Math.toIntExact(fields.field("lags").asLong()),
                    Math.toIntExact(fields.field("horizon").asLong()),
                    Math.toIntExact(fields.field("season").asLong()),
                    ForecastWindow.Reading.valueOf(fields.field("reading").asString()),
                    ForecastWindow.Scaling.valueOf(fields.field("scaling").asString()));
            return new Forecaster(
                    network, window, Standardizer.of(numbers(fields, "means"), numbers(fields, "deviations")));
        });
    }

    private static double[] numbers(Json fields, String name) {
        return fields.field(name).items().stream().mapToDouble(Json::asDouble).toArray();
    }

    /** Saves parameters, configuration, window and the numbers of the standardisation, atomically. */
    public void save(Path path) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("lags", window.lags());
        fields.put("horizon", window.horizon());
        fields.put("season", window.season());
        fields.put("reading", window.reading().name());
        fields.put("scaling", window.scaling().name());
        fields.put("means", Arrays.stream(standardizer.means()).boxed().toList());
        fields.put(
                "deviations", Arrays.stream(standardizer.deviations()).boxed().toList());
        Map<String, String> texts = Map.of(WINDOW, Json.of(fields).text());
        ModelFile.of(KIND, SequenceNetworkJson.write(network.config()), network.parameters(), texts)
                .save(path);
    }

    /** The layers. */
    public SequenceNetwork network() {
        return network;
    }

    /** What is read and said. */
    public ForecastWindow window() {
        return window;
    }

    /** What values are standardised by. */
    public Standardizer standardizer() {
        return standardizer;
    }

    /** All windows of a series as examples. */
    public List<SequenceWithValues> examples(Series series) {
        return examples(series, 0, series.length());
    }

    /**
     * The windows whose expected values all lie from time {@code from} to before {@code to}; what is read may lie before. So a
     * series is split by time: the parts' expected values never overlap, and none is read before it is known.
     */
    public List<SequenceWithValues> examples(Series series, int from, int to) {
        requireColumns(series);
        if (from < 0 || to > series.length()) {
            throw new IllegalArgumentException(
                    "times must be within " + series.length() + ", found " + from + " to " + to);
        }
        List<SequenceWithValues> examples = new ArrayList<>();
        int columns = series.columns();
        for (int t = Math.max(from, window.lags()); t + window.horizon() <= to; t++) {
            Standardizer scale = scale(series, t);
            float[] values = new float[window.horizon() * columns];
            for (int i = 0; i < values.length; i++) {
                double value = scale.apply(series.at(t + i / columns, i % columns), i % columns);
                values[i] = (float) (value - base(series, t, i, scale));
            }
            examples.add(new SequenceWithValues(input(series, t, scale), values));
        }
        return examples;
    }

    /** What the network's i-th value is the distance from: that of one season before, standardised. */
    private double base(Series series, int time, int i, Standardizer scale) {
        int season = window.season();
        int column = i % series.columns();
        return season == 0 ? 0 : scale.apply(series.at(time - season + i / series.columns() % season, column), column);
    }

    private Standardizer scale(Series series, int time) {
        return window.scaling() == ForecastWindow.Scaling.TRAINING
                ? standardizer
                : Standardizer.of(series.part(time - window.lags(), time));
    }

    /** The lags before a time. */
    private InputSequence input(Series series, int time, Standardizer scale) {
        int columns = series.columns();
        float[] features = new float[window.lags() * columns];
        for (int i = 0; i < features.length; i++) {
            double value = series.at(time - window.lags() + i / columns, i % columns);
            features[i] = (float) scale.apply(value, i % columns);
        }
        boolean steps = window.reading() == ForecastWindow.Reading.STEPS;
        return InputSequence.features(steps ? window.lags() : 1, features);
    }

    /**
     * A trainer of this forecaster, whose losses are squared errors of standardised values; the caller closes it before the
     * forecaster.
     *
     * @param validation may be empty
     */
    public SupervisedTrainer<SequenceWithValues> trainer(
            List<SequenceWithValues> training,
            List<SequenceWithValues> validation,
            Batching batching,
            TrainerConfig config) {
        return new SupervisedTrainer<>(task, training, validation, batching, config);
    }

    /** The times that follow a series, in its own units. */
    public Series forecast(Series history, int steps) {
        return forecast(List.of(history), steps).get(0);
    }

    /** The times that follow each of several series, computed together. */
    public List<Series> forecast(List<Series> histories, int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be 1 or more, found " + steps);
        }
        List<Series> known = new ArrayList<>();
        for (Series history : histories) {
            requireColumns(history);
            if (history.length() < window.lags()) {
                throw new IllegalArgumentException(
                        "history must have " + window.lags() + " times or more, found " + history.length());
            }
            known.add(history.part(history.length() - window.lags(), history.length()));
        }
        int lags = window.lags();
        while (!known.isEmpty() && known.get(0).length() < lags + steps) {
            known = extended(known);
        }
        return known.stream().map(all -> all.part(lags, lags + steps)).toList();
    }

    private List<Series> extended(List<Series> known) {
        List<Standardizer> scales = new ArrayList<>();
        List<InputSequence> inputs = new ArrayList<>();
        for (Series series : known) {
            Standardizer scale = scale(series, series.length());
            scales.add(scale);
            inputs.add(input(series, series.length(), scale));
        }
        int outputs = network.config().outputs();
        List<float[]> said = Predictions.inOrder(network, inputs, batch -> {
            float[] values = task.values(batch);
            List<float[]> rows = new ArrayList<>();
            for (int n = 0; n < batch.size(); n++) {
                rows.add(Arrays.copyOfRange(values, n * outputs, (n + 1) * outputs));
            }
            return rows;
        });
        List<Series> longer = new ArrayList<>();
        for (int n = 0; n < known.size(); n++) {
            int columns = known.get(n).columns();
            double[] next = new double[outputs];
            for (int i = 0; i < outputs; i++) {
                double base = base(known.get(n), known.get(n).length(), i, scales.get(n));
                next[i] = scales.get(n).undo(said.get(n)[i] + base, i % columns);
            }
            longer.add(known.get(n).then(Series.table(columns, next)));
        }
        return longer;
    }

    /**
     * Forecasts k times ahead of each time from {@code from} to before {@code to}: that of time t is made of what was known at
     * time t − k, its own forecasts in between.
     *
     * @param from at least the number of lags plus k − 1
     */
    public Series ahead(Series series, int k, int from, int to) {
        requireColumns(series);
        if (k < 1 || from < window.lags() + k - 1 || to > series.length() || from >= to) {
            throw new IllegalArgumentException("k must be 1 or more and times within ["
                    + (window.lags() + k - 1) + ", " + series.length() + "), found k = " + k + " and " + from + " to "
                    + to);
        }
        List<Series> histories = new ArrayList<>();
        for (int t = from; t < to; t++) {
            histories.add(series.part(t - k + 1 - window.lags(), t - k + 1));
        }
        int columns = series.columns();
        double[] ahead = new double[(to - from) * columns];
        List<Series> made = forecast(histories, k);
        for (int i = 0; i < ahead.length; i++) {
            ahead[i] = made.get(i / columns).at(k - 1, i % columns);
        }
        return Series.table(columns, ahead);
    }

    private void requireColumns(Series series) {
        if (series.columns() != standardizer.columns()) {
            throw new IllegalArgumentException(
                    "a series of " + standardizer.columns() + " columns is expected, found " + series);
        }
    }

    /** Frees the network. Closing twice is harmless. */
    @Override
    public void close() {
        network.device().enter();
        try {
            task.close();
            network.close();
        } finally {
            network.device().leave();
        }
    }
}
