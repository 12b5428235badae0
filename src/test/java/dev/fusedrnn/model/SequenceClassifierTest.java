package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.LabelledText;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.LabelledSequence;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SequenceClassifierTest {
    private static final Labels LABELS = Labels.of(List.of("high", "low"));
    private static final TrainerConfig TRAINING = TrainerConfig.sgd(0.02, 1, 6).withOptimizer(Adam.usual());

    @TempDir
    Path folder;

    /** Sentences of filler with one word that decides, anywhere. */
    private static List<LabelledText> sentences(int count, long seed) {
        Random random = new Random(seed);
        List<LabelledText> sentences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean low = random.nextBoolean();
            List<String> words = new ArrayList<>();
            int length = 1 + random.nextInt(9);
            for (int t = 1; t < length; t++) {
                words.add(List.of("the", "and", "of", "a").get(random.nextInt(4)));
            }
            words.add(random.nextInt(length), low ? "sea" : "sky");
            sentences.add(new LabelledText(low ? "low" : "high", String.join(" ", words)));
        }
        return sentences;
    }

    private static TextCodec codec() throws IOException {
        TextSource words = TextSource.text("words", "the and of a sea sky");
        return TextCodec.build(words, Recipe.STAT157, Tokenizer.words(), VocabularyOptions.DEFAULT);
    }

    private static SequenceClassifier classifier(Pooling pooling, Device device) throws IOException {
        TextCodec codec = codec();
        RnnConfig rnn = RnnConfig.of(CellType.GRU, 6, 8).withBidirectional(true);
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(codec.vocabulary().size(), rnn, pooling, 2);
        return SequenceClassifier.create(
                config, codec, LABELS, 20, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Pooling.class,
            names = {"FINAL", "FIRST_LAST", "MEAN", "MAX"})
    void learnsWhichWordDecidesAndIsTheSameAfterSaving(Pooling pooling) throws IOException {
        Path file = folder.resolve("classifier");
        try (Device device = Device.cpu();
                SequenceClassifier classifier = classifier(pooling, device)) {
            List<LabelledSequence> test = classifier.encode(sentences(100, 2));
            double before = classifier.evaluate(test).accuracy();
            try (SupervisedTrainer<LabelledSequence> trainer =
                    classifier.trainer(classifier.encode(sentences(200, 1)), test, new Batching(10, 4, 3), TRAINING)) {
                trainer.run(SupervisedListener.SILENT);
                assertThat(trainer.history().get(5).validationLoss()).isLessThan(0.1);
            }
            assertThat(before).isLessThan(0.8);
            assertThat(classifier.evaluate(test).accuracy()).isEqualTo(1);
            assertThat(classifier.evaluate(test).macroF1()).isEqualTo(1);
            Classified sea = classifier.classify("The SEA and the a");
            assertThat(sea.label()).isEqualTo("low");
            assertThat(sea.probability()).isGreaterThan(0.8);
            assertThat(sea.probabilities().values().stream().mapToDouble(p -> p).sum())
                    .isCloseTo(1, within(1e-12));

            classifier.save(file);
            try (SequenceClassifier loaded = SequenceClassifier.load(file, device, EngineChoice.AUTO)) {
                assertThat(loaded.classify("The SEA and the a")).isEqualTo(sea);
                assertThat(loaded.labels()).isEqualTo(LABELS);
                assertThat(loaded.network().config())
                        .isEqualTo(classifier.network().config());
                assertThat(loaded.encode("a ".repeat(30)).length()).isEqualTo(20);
            }
        }
    }

    /** Sign of the sum of features; classes come back in the order of the sequences. */
    @Test
    void readsFeatures() {
        Random random = new Random(4);
        List<LabelledSequence> examples = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            float[] features = new float[2 * (1 + random.nextInt(6))];
            double sum = 0;
            for (int j = 0; j < features.length; j++) {
                features[j] = (float) random.nextGaussian();
                sum += features[j];
            }
            InputSequence input = InputSequence.features(features.length / 2, features);
            examples.add(new LabelledSequence(input, sum > 0 ? 0 : 1));
        }
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(0, RnnConfig.of(CellType.LSTM, 2, 12), Pooling.FINAL, 2);
        try (Device device = Device.cpu();
                SequenceClassifier classifier = SequenceClassifier.create(
                        config, null, LABELS, 20, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1)) {
            try (SupervisedTrainer<LabelledSequence> trainer =
                    classifier.trainer(examples.subList(0, 250), List.of(), Batching.of(10, 1), TRAINING)) {
                trainer.run(SupervisedListener.SILENT);
            }
            List<LabelledSequence> test = examples.subList(250, 300);
            assertThat(classifier.evaluate(test).accuracy()).isGreaterThan(0.85);
            List<Classified> found = classifier.classify(
                    test.stream().map(LabelledSequence::input).toList());
            for (int i = 0; i < test.size(); i++) {
                Classified alone =
                        classifier.classify(List.of(test.get(i).input())).get(0);
                assertThat(found.get(i).probability()).isCloseTo(alone.probability(), within(1e-6));
                assertThat(found.get(i).label()).isEqualTo(alone.label());
            }
            assertThatThrownBy(() -> classifier.encode("text")).hasMessageContaining("reads features, found a text");
            assertThat(classifier.classify(List.of())).isEmpty();
            float infinity = Float.POSITIVE_INFINITY;
            classifier.network().parameters().set("head.bias", new float[] {infinity, infinity});
            assertThatThrownBy(() -> classifier.classify(List.of(test.get(0).input())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the probability of a class is not a number");
        }
    }

    @Test
    void mistakesAreRefusedInOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("none"), "nothing of the kind");
        try (Device device = Device.cpu();
                SequenceClassifier classifier = classifier(Pooling.MEAN, device)) {
            assertThatThrownBy(() -> classifier.encode(List.of(new LabelledText("middle", "sea"))))
                    .hasMessage("class must be one of [high, low], found 'middle'");
            assertThat(classifier.encode("").tokens()[0])
                    .containsExactly(classifier.codec().vocabulary().unknownId());
            assertThatThrownBy(() -> new SequenceClassifier(classifier.network(), codec(), Labels.of(List.of("a")), 20))
                    .hasMessage("there are 1 classes, the network has 2 outputs");
            assertThatThrownBy(() -> new SequenceClassifier(classifier.network(), null, LABELS, 20))
                    .hasMessage("the vocabulary has 0 tokens, the network is for 7");
            assertThatThrownBy(() -> new SequenceClassifier(classifier.network(), codec(), LABELS, 0))
                    .hasMessage("maxSteps must be 1 or more, found 0");
            assertThatThrownBy(() -> SequenceClassifier.load(file, device, EngineChoice.AUTO))
                    .isInstanceOf(InvalidFileException.class);
            long before = device.allocatedBytes();
            SequenceNetworkConfig each = SequenceNetworkConfig.of(7, RnnConfig.of(CellType.GRU, 2, 2), Pooling.NONE, 2);
            assertThatThrownBy(() -> SequenceClassifier.create(
                            each, codec(), LABELS, 9, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1))
                    .hasMessage("a classifier needs a pooling, found none");
            assertThat(device.allocatedBytes()).isEqualTo(before);
        }
    }
}
