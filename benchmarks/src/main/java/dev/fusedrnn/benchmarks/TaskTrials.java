package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.model.ForecastWindow;
import dev.fusedrnn.model.Forecaster;
import dev.fusedrnn.model.SequenceClassifier;
import dev.fusedrnn.model.SequenceTagger;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.LabelledText;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.Story;
import dev.fusedrnn.text.TagScheme;
import dev.fusedrnn.text.TaggedSentence;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.text.WordFeatures;
import dev.fusedrnn.train.Baselines;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ClassScores;
import dev.fusedrnn.train.EntityScores;
import dev.fusedrnn.train.ForecastErrors;
import dev.fusedrnn.train.LabelledSequence;
import dev.fusedrnn.train.MemoryProblems;
import dev.fusedrnn.train.RegressionTask;
import dev.fusedrnn.train.SequenceWithValues;
import dev.fusedrnn.train.Series;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedReport;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TaggedSequence;
import dev.fusedrnn.train.TrainerConfig;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.IntFunction;
import java.util.zip.GZIPInputStream;

/**
 * Whole trials of the supervised tasks on data sets that the caller has, plain or as {@code .gz}; a line for each epoch, at the end
 * the score on the test part. The epoch is chosen by the validation part alone.
 *
 * <pre>
 * classes TRAIN TEST SEED EPOCHS       lines CLASS text in ISO-8859-1, of TREC its coarse classes; a tenth of TRAIN validates
 * entities TRAIN DEV TEST SEED EPOCHS  CoNLL columns; random field, words and their spelling
 * hourly TRAIN TEST READING SEED EPOCHS   M4's tables: a series in each row, 48 times ahead; READING is steps (two days by a
 *                                      GRU) or features (a week by a perceptron)
 * stories SEED EPOCHS                  10,000 made-up stories of 2 to 10 facts
 * adding STEPS SEED EPOCHS             the adding problem
 * </pre>
 */
public final class TaskTrials {
    private final long seed;
    private final int epochs;
    private final Path best;

    private TaskTrials(long seed, int epochs) throws IOException {
        this.seed = seed;
        this.epochs = epochs;
        this.best = Files.createTempFile("trial", ".model");
    }

    /** Runs a trial. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 3) {
            throw new IllegalArgumentException(
                    "expected TRIAL [FILES or numbers of the trial] SEED EPOCHS, found " + String.join(" ", arguments));
        }
        int last = arguments.length - 1;
        TaskTrials trials = new TaskTrials(Long.parseLong(arguments[last - 1]), Integer.parseInt(arguments[last]));
        try {
            switch (arguments[0]) {
                case "classes" -> trials.classes(file(arguments[1]), file(arguments[2]));
                case "entities" -> trials.entities(file(arguments[1]), file(arguments[2]), file(arguments[3]));
                case "hourly" -> trials.hourly(file(arguments[1]), file(arguments[2]), arguments[3]);
                case "stories" -> trials.stories();
                case "adding" -> trials.adding(Integer.parseInt(arguments[1]));
                default ->
                    throw new IllegalArgumentException(
                            "trial must be classes, entities, hourly, stories or" + " adding, found " + arguments[0]);
            }
        } finally {
            Files.delete(trials.best);
        }
    }

    private static TextSource file(String name) {
        Path path = Path.of(name);
        return TextSource.of(name, () -> {
            BufferedInputStream bytes = new BufferedInputStream(Files.newInputStream(path));
            return name.endsWith(".gz") ? new BufferedInputStream(new GZIPInputStream(bytes)) : bytes;
        });
    }

    private interface Saving {
        void save(Path path) throws IOException;
    }

    /** Trains and saves whenever the validation score is the best so far. */
    private <E> void train(SupervisedTrainer<E> trainer, DoubleSupplier validation, Saving model) {
        double[] top = {Double.NEGATIVE_INFINITY};
        trainer.run(new SupervisedListener() {
            @Override
            public void epoch(SupervisedReport report) {
                double score = validation.getAsDouble();
                print(
                        "epoch %d loss %.4f validation loss %.4f score %.4f",
                        report.epoch(), report.trainLoss(), report.validationLoss(), score);
                if (score > top[0]) {
                    top[0] = score;
                    try {
                        model.save(best);
                    } catch (IOException failed) {
                        throw new UncheckedIOException(failed);
                    }
                }
            }
        });
    }

    private TrainerConfig adam(double rate, double clip) {
        return TrainerConfig.sgd(rate, clip, epochs).withOptimizer(Adam.usual()).withDropoutSeed(seed);
    }

    private void classes(TextSource train, TextSource test) throws IOException {
        Charset charset = StandardCharsets.ISO_8859_1;
        List<LabelledText> all = new ArrayList<>(LabelledText.firstWord(train, charset, false));
        Collections.shuffle(all, new Random(1));
        List<LabelledText> validation = all.subList(0, all.size() / 10);
        List<LabelledText> training = all.subList(all.size() / 10, all.size());
        TextCodec codec = TextCodec.build(
                LabelledText.joined(training),
                Recipe.STAT157,
                Tokenizer.words(),
                VocabularyOptions.DEFAULT.withMinFrequency(2));
        Labels labels = Labels.occurring(all.stream().map(LabelledText::label).toList());
        SequenceNetworkConfig config = SequenceNetworkConfig.of(
                        codec.vocabulary().size(), bothWays(), Pooling.MAX, labels.size())
                .withDropout(0.5, 0.5);
        try (Device device = Device.best();
                SequenceClassifier classifier = SequenceClassifier.create(
                        config, codec, labels, 100, device, EngineChoice.AUTO, smallEmbedding(), seed)) {
            List<LabelledSequence> validating = classifier.encode(validation);
            try (SupervisedTrainer<LabelledSequence> trainer = classifier.trainer(
                    classifier.encode(training), validating, Batching.of(32, seed), adam(0.002, 5))) {
                train(trainer, () -> classifier.evaluate(validating).accuracy(), classifier::save);
            }
            try (SequenceClassifier chosen = SequenceClassifier.load(best, device, EngineChoice.AUTO)) {
                ClassScores scores = chosen.evaluate(chosen.encode(LabelledText.firstWord(test, charset, false)));
                print("test: accuracy %.4f, macro F1 %.4f", scores.accuracy(), scores.macroF1());
            }
        }
    }

    private static RnnConfig bothWays() {
        return RnnConfig.of(CellType.LSTM, 100, 100).withBidirectional(true);
    }

    private static Initialization smallEmbedding() {
        return new Initialization(Initialization.Kind.FRAMEWORK, 0.1);
    }

    private static List<TaggedSentence> sentences(TextSource source) throws IOException {
        return TaggedSentence.columns(source, StandardCharsets.UTF_8, 0, -1).stream()
                .map(sentence -> sentence.in(TagScheme.BIOES))
                .toList();
    }

    private void entities(TextSource train, TextSource dev, TextSource test) throws IOException {
        List<TaggedSentence> training = sentences(train);
        List<TaggedSentence> validation = sentences(dev);
        WordFeatures words = WordFeatures.build(training, 2, true);
        Labels tags = SequenceTagger.tagsOf(training);
        SequenceNetworkConfig config = SequenceNetworkConfig.of(
                        words.vocabulary().size(), bothWays(), Pooling.NONE, tags.size())
                .withCrf(true)
                .withDropout(0.5, 0.5);
        try (Device device = Device.best();
                SequenceTagger tagger =
                        SequenceTagger.create(config, words, tags, device, EngineChoice.AUTO, smallEmbedding(), seed)) {
            try (SupervisedTrainer<TaggedSequence> trainer =
                    tagger.trainer(tagger.encode(training), List.of(), Batching.of(32, seed), adam(0.002, 5))) {
                train(trainer, () -> tagger.evaluate(validation).all().f1(), tagger::save);
            }
            try (SequenceTagger chosen = SequenceTagger.load(best, device, EngineChoice.AUTO)) {
                EntityScores.Count all = chosen.evaluate(sentences(test)).all();
                print("test: precision %.4f, recall %.4f, F1 %.4f", all.precision(), all.recall(), all.f1());
            }
        }
    }

    /** A series in each row behind its name; empty fields at the end are no part of it. */
    private static List<Series> rows(TextSource source) throws IOException {
        List<Series> rows = new ArrayList<>();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(source.open(), StandardCharsets.UTF_8))) {
            reader.readLine();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                rows.add(Series.of(Arrays.stream(line.replace("\"", "").split(","))
                        .skip(1)
                        .filter(field -> !field.isBlank() && !field.equals("NA"))
                        .mapToDouble(Double::parseDouble)
                        .toArray()));
            }
        }
        return rows;
    }

    private void hourly(TextSource train, TextSource test, String reading) throws IOException {
        int horizon = 48;
        int season = 24;
        List<Series> histories = rows(train);
        List<Series> futures = rows(test);
        ForecastWindow window = (reading.equals("steps")
                        ? ForecastWindow.steps(2 * season)
                        : ForecastWindow.features(7 * season))
                .withHorizon(horizon)
                .withSeason(season)
                .withScaling(ForecastWindow.Scaling.WINDOW);
        RnnConfig stack =
                reading.equals("steps") ? RnnConfig.of(CellType.GRU, 1, 64) : RnnConfig.of(CellType.RNN_RELU, 1, 256);
        try (Device device = Device.best();
                Forecaster forecaster = Forecaster.create(
                        window, stack, histories.get(0), device, EngineChoice.AUTO, Initialization.FRAMEWORK, seed)) {
            List<SequenceWithValues> training = new ArrayList<>();
            List<Series> known = new ArrayList<>();
            List<Series> next = new ArrayList<>();
            Random random = new Random(seed);
            for (Series history : histories) {
                int end = history.length() - horizon;
                List<SequenceWithValues> windows = forecaster.examples(history, 0, end);
                for (int i = 0; i < windowsOf(reading); i++) {
                    training.add(windows.get(random.nextInt(windows.size())));
                }
                known.add(history.part(0, end));
                next.add(history.part(end, history.length()));
            }
            try (SupervisedTrainer<SequenceWithValues> trainer =
                    forecaster.trainer(training, List.of(), Batching.of(32, seed), adam(0.002, 1))) {
                train(
                        trainer,
                        () -> -errors(known, next, forecaster.forecast(known, horizon)::get, season)[0],
                        forecaster::save);
            }
            try (Forecaster chosen = Forecaster.load(best, device, EngineChoice.AUTO)) {
                List<Series> found = chosen.forecast(histories, horizon);
                report("test: network", errors(histories, futures, found::get, season));
            }
            report(
                    "seasonal naive",
                    errors(histories, futures, i -> Baselines.seasonal(histories.get(i), season, horizon), season));
            report("naive", errors(histories, futures, i -> Baselines.naive(histories.get(i), horizon), season));
        }
    }

    private static int windowsOf(String reading) {
        return reading.equals("steps") ? 16 : 64;
    }

    private static void report(String what, double[] errors) {
        print("%s: sMAPE %.3f, MASE %.3f", what, errors[0], errors[1]);
    }

    /** Means over series of sMAPE and MASE. */
    private static double[] errors(
            List<Series> histories, List<Series> expected, IntFunction<Series> found, int season) {
        double[] means = new double[2];
        for (int i = 0; i < histories.size(); i++) {
            double[] came = expected.get(i).values();
            double[] said = found.apply(i).values();
            means[0] += ForecastErrors.smape(came, said) / histories.size();
            means[1] += ForecastErrors.mase(histories.get(i), season, came, said) / histories.size();
        }
        return means;
    }

    private static List<LabelledSequence> asked(SequenceClassifier classifier, List<Story> stories) {
        return stories.stream()
                .map(story -> new LabelledSequence(
                        classifier.encode(story.text(), story.question()),
                        classifier.labels().id(story.answer())))
                .toList();
    }

    private void stories() throws IOException {
        TextCodec codec = TextCodec.build(Story.words(), Recipe.STAT157, Tokenizer.words(), VocabularyOptions.DEFAULT);
        Labels places = Labels.of(Story.answers());
        SequenceNetworkConfig config = SequenceNetworkConfig.of(
                codec.vocabulary().size(), RnnConfig.of(CellType.GRU, 32, 64), Pooling.FINAL, places.size());
        try (Device device = Device.best();
                SequenceClassifier classifier = SequenceClassifier.create(
                        config, codec, places, 100, device, EngineChoice.AUTO, Initialization.FRAMEWORK, seed)) {
            List<LabelledSequence> validation = asked(classifier, Story.generate(1000, 2, 10, seed + 1));
            try (SupervisedTrainer<LabelledSequence> trainer = classifier.trainer(
                    asked(classifier, Story.generate(10_000, 2, 10, seed)),
                    validation,
                    Batching.of(32, seed),
                    adam(0.003, 1))) {
                train(trainer, () -> classifier.evaluate(validation).accuracy(), classifier::save);
            }
            try (SequenceClassifier chosen = SequenceClassifier.load(best, device, EngineChoice.AUTO)) {
                ClassScores scores = chosen.evaluate(asked(chosen, Story.generate(1000, 2, 10, seed + 2)));
                print("test: accuracy %.4f", scores.accuracy());
            }
        }
    }

    private void adding(int steps) throws IOException {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(0, RnnConfig.of(CellType.GRU, 2, 64), Pooling.FINAL, 1);
        try (Device device = Device.best();
                SequenceNetwork network =
                        SequenceNetwork.create(config, device, EngineChoice.AUTO, Initialization.FRAMEWORK, seed);
                RegressionTask task = new RegressionTask(network);
                SupervisedTrainer<SequenceWithValues> trainer = new SupervisedTrainer<>(
                        task,
                        MemoryProblems.adding(10_000, steps, seed),
                        MemoryProblems.adding(1000, steps, seed + 1),
                        Batching.of(32, seed),
                        adam(0.003, 1))) {
            train(
                    trainer,
                    () -> -trainer.history().get(trainer.history().size() - 1).validationLoss(),
                    path -> {});
            print("always saying 1: %.4f", MemoryProblems.ADDING_BASELINE);
        }
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
