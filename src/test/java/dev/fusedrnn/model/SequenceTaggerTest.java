package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.TagScheme;
import dev.fusedrnn.text.TaggedSentence;
import dev.fusedrnn.text.WordFeatures;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TaggedSequence;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SequenceTaggerTest {
    private static final List<String> NAMES = List.of("Ann", "Bob", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal");

    @TempDir
    Path folder;

    /** Names behind "in" are places, behind "by" people, of one or two words; else they are nothing. */
    private static List<TaggedSentence> sentences(int count, long seed) {
        Random random = new Random(seed);
        List<TaggedSentence> sentences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> words = new ArrayList<>();
            List<String> tags = new ArrayList<>();
            for (int phrase = 0; phrase < 1 + random.nextInt(3); phrase++) {
                int kind = random.nextInt(3);
                words.add(List.of("in", "by", "as").get(kind));
                tags.add("O");
                String type = List.of("LOC", "PER", "").get(kind);
                for (int name = random.nextInt(2); name < 2; name++) {
                    words.add(NAMES.get(random.nextInt(NAMES.size())));
                    tags.add(type.isEmpty() ? "O" : "I-" + type);
                }
            }
            sentences.add(new TaggedSentence(words, tags));
        }
        return sentences;
    }

    private static List<TaggedSentence> in(TagScheme scheme, List<TaggedSentence> sentences) {
        return sentences.stream().map(sentence -> sentence.in(scheme)).toList();
    }

    private static SequenceTagger tagger(WordFeatures words, Labels tags, boolean crf, Device device) {
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 8, 8).withBidirectional(true);
        SequenceNetworkConfig config = SequenceNetworkConfig.of(
                        words.vocabulary().size(), rnn, Pooling.NONE, tags.size())
                .withCrf(crf);
        return SequenceTagger.create(config, words, tags, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void learnsWhatNamesAreAndIsTheSameAfterSaving(boolean crf) throws IOException {
        List<TaggedSentence> training = in(TagScheme.BIOES, sentences(200, 1));
        List<TaggedSentence> test = sentences(60, 2);
        WordFeatures words = WordFeatures.build(training, 1, crf);
        Labels tags = SequenceTagger.tagsOf(training);
        TrainerConfig config = TrainerConfig.sgd(0.03, 1, 6).withOptimizer(Adam.usual());
        Path file = folder.resolve("tagger");
        try (Device device = Device.cpu();
                SequenceTagger tagger = tagger(words, tags, crf, device)) {
            double before = tagger.evaluate(test).all().f1();
            try (SupervisedTrainer<TaggedSequence> trainer =
                    tagger.trainer(tagger.encode(training), List.of(), new Batching(10, 4, 3), config)) {
                trainer.run(SupervisedListener.SILENT);
                assertThat(trainer.history().get(5).trainLoss())
                        .isLessThan(trainer.history().get(0).trainLoss() / 5);
            }
            assertThat(before).isLessThan(0.5);
            assertThat(tagger.evaluate(test).all().f1()).isGreaterThan(0.97);
            assertThat(tagger.accuracy(in(TagScheme.BIOES, test))).isGreaterThan(0.97);
            List<String> sentence = List.of("by", "Ann", "in", "Bob", "Cy");
            List<String> found = tagger.tag(sentence);
            assertThat(found).containsExactly("O", "S-PER", "O", "B-LOC", "E-LOC");

            tagger.save(file);
            try (SequenceTagger loaded = SequenceTagger.load(file, device, EngineChoice.AUTO)) {
                assertThat(loaded.tag(sentence)).isEqualTo(found);
                assertThat(loaded.evaluate(test)).isEqualTo(tagger.evaluate(test));
                assertThat(loaded.network().config()).isEqualTo(tagger.network().config());
                assertThat(loaded.tags()).isEqualTo(tags);
            }
        }
    }

    @Test
    void mistakesAreRefusedInOneLine() throws IOException {
        List<TaggedSentence> training = sentences(5, 1);
        WordFeatures words = WordFeatures.build(training, 1, false);
        Labels tags = Labels.of(List.of("O", "I-LOC", "I-PER"));
        try (Device device = Device.cpu();
                SequenceTagger tagger = tagger(words, tags, false, device)) {
            assertThatThrownBy(() -> tagger.encode(in(TagScheme.IOB2, sentences(5, 1))))
                    .hasMessageContaining("class must be one of [O, I-LOC, I-PER], found 'B-");
            assertThatThrownBy(() -> tagger.tag(List.of()))
                    .hasMessage("a sentence must have 1 word or more, found none");
            assertThatThrownBy(() -> new SequenceTagger(tagger.network(), words, Labels.of(List.of("O"))))
                    .hasMessage("there are 1 tags, the network has 3 outputs");
            assertThatThrownBy(() -> new SequenceTagger(tagger.network(), null, tags))
                    .hasMessageContaining("the vocabulary has 0 tokens");
            Path file = folder.resolve("tagger");
            tagger.save(file);
            assertThatThrownBy(() -> SequenceClassifier.load(file, device, EngineChoice.AUTO))
                    .hasMessageContaining(
                            "kind: expected 'fusedrnn sequence classifier', found 'fusedrnn sequence tagger'");
        }
    }
}
