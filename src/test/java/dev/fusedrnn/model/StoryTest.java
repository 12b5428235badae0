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
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.Story;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.LabelledSequence;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoryTest {
    /** The answer is the last place beside the name that is asked for. */
    @Test
    void storiesHoldTheirAnswers() {
        List<Story> stories = Story.generate(200, 2, 6, 1);
        assertThat(Story.generate(200, 2, 6, 1)).isEqualTo(stories);
        for (Story story : stories) {
            String name = story.question().split(" ")[2];
            String answer = null;
            String[] facts = story.text().split(" \\.");
            assertThat(facts.length).isBetween(2, 6);
            for (String fact : facts) {
                String[] words = fact.strip().split(" ");
                answer = words[0].equals(name) ? words[words.length - 1] : answer;
            }
            assertThat(story.answer()).isEqualTo(answer).isIn(Story.answers());
        }
        assertThatThrownBy(() -> Story.generate(1, 0, 2, 1)).hasMessage("facts must be 1 or more, found 0 to 2");
    }

    /** Who always says the last place is right in 5 of 8 stories of two facts. */
    @Test
    void shortStoriesAreUnderstood() throws IOException {
        TextCodec codec = TextCodec.build(Story.words(), Recipe.STAT157, Tokenizer.words(), VocabularyOptions.DEFAULT);
        Labels places = Labels.of(Story.answers());
        RnnConfig rnn = RnnConfig.of(CellType.GRU, 16, 24);
        SequenceNetworkConfig config =
                SequenceNetworkConfig.of(codec.vocabulary().size(), rnn, Pooling.FINAL, places.size());
        TrainerConfig training = TrainerConfig.sgd(0.01, 1, 8).withOptimizer(Adam.usual());
        try (Device device = Device.cpu();
                SequenceClassifier classifier = SequenceClassifier.create(
                        config, codec, places, 100, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1)) {
            try (SupervisedTrainer<LabelledSequence> trainer = classifier.trainer(
                    examples(classifier, Story.generate(800, 2, 2, 1)), List.of(), Batching.of(20, 1), training)) {
                trainer.run(SupervisedListener.SILENT);
            }
            assertThat(classifier
                            .evaluate(examples(classifier, Story.generate(200, 2, 2, 2)))
                            .accuracy())
                    .isGreaterThan(0.9);
            assertThatThrownBy(() -> classifier.classify(
                            List.of(classifier.encode("mary", "where is mary ?"), classifier.encode("john"))))
                    .hasMessageContaining("equally many channels, found");
        }
    }

    private static List<LabelledSequence> examples(SequenceClassifier classifier, List<Story> stories) {
        return stories.stream()
                .map(story -> new LabelledSequence(
                        classifier.encode(story.text(), story.question()),
                        classifier.labels().id(story.answer())))
                .toList();
    }
}
