package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Minibatches;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.Checkpoint;
import dev.fusedrnn.train.EpochReport;
import dev.fusedrnn.train.Sampling;
import dev.fusedrnn.train.Trainer;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingData;
import dev.fusedrnn.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LanguageModelTest {
    private static final String SENTENCE = "the quick brown fox jumps over a lazy dog. ";
    private static final String TEXT = SENTENCE.repeat(8);

    private final Device device = Device.cpu();

    @TempDir
    private Path folder;

    @AfterEach
    void nothingLeaks() {
        assertThat(device.allocatedBytes()).isZero();
    }

    @Test
    void aSmallModelLearnsASentenceByHeart() throws IOException {
        try (LanguageModel model = trained()) {
            assertThat(model.generate("the quick", 2 * SENTENCE.length(), Decoding.greedy()))
                    .startsWith(" brown fox jumps over a lazy dog. the quick brown fox");
            try (TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT))) {
                assertThat(model.perplexity(tokens).value()).isLessThan(1.3);
                for (int batch : new int[] {1, 4, 7}) {
                    // A sum of n losses in F32 is off by n roundings at most; logits below 16 are rounded to 2^-20.
                    double expected = meanLoss(model, tokens.toArray(), batch);
                    assertThat(model.perplexity(tokens, batch).meanLoss())
                            .isCloseTo(expected, within(tokens.size() * 0x1p-24 * expected + 0x1p-20));
                }
            }
            Path file = folder.resolve("model.safetensors");
            model.save(file);
            try (LanguageModel again = LanguageModel.load(file, device, EngineChoice.REFERENCE)) {
                for (Decoding decoding : new Decoding[] {Decoding.greedy(), new Decoding(0.8, 5, 3)}) {
                    assertThat(again.generate("a ", 30, decoding)).isEqualTo(model.generate("a ", 30, decoding));
                }
            }
        }
    }

    /** Mean loss of the text cut into rows, from the logits token by token: log of the sum of all exp, less the target's. */
    private static double meanLoss(LanguageModel model, int[] text, int rows) {
        int predictions = text.length - 1;
        int length = (predictions + rows - 1) / rows;
        double sum = 0;
        for (int start = 0; start < predictions; start += length) {
            try (TokenStepper stepper = new TokenStepper(model.network())) {
                for (int i = start; i < Math.min(start + length, predictions); i++) {
                    stepper.feed(text[i]);
                    float[] logits = stepper.logits();
                    double exponentials = 0;
                    for (float logit : logits) {
                        exponentials += Math.exp(logit);
                    }
                    sum += Math.log(exponentials) - logits[text[i + 1]];
                }
            }
        }
        return sum / predictions;
    }

    @Test
    void generationStepByStepIsThatOfTheWholeText() throws IOException {
        try (LanguageModel model = untrained(false)) {
            int[] prefix = model.codec().encode("the fox");
            Decoding decoding = Decoding.sampling(8);
            assertThat(model.generate(prefix, 20, decoding)).isEqualTo(model.generateForced(prefix, 20, decoding));
            assertThat(model.generate(prefix, 20, decoding)).isEqualTo(model.generate(prefix, 20, decoding));
            assertThat(model.generate(prefix, 20, Decoding.sampling(9)))
                    .isNotEqualTo(model.generate(prefix, 20, decoding));
            assertThat(model.generate("", 5, decoding)).isNotEmpty();
            assertThat(model.generate("the", 0, decoding)).isEmpty();
        }
    }

    /** There are more tokens than could ever be computed. */
    @Test
    void tokensAreHandedOverBeforeTheNextIsComputed() throws IOException {
        try (LanguageModel model = untrained(false)) {
            int[] prefix = model.codec().encode("the fox");
            Decoding decoding = Decoding.sampling(8);
            int[] expected = model.generate(prefix, 6, decoding);
            List<Integer> taken = new ArrayList<>();
            model.generate(prefix, Integer.MAX_VALUE, decoding, token -> taken.add(token) && taken.size() < 6);
            assertThat(taken.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(expected);
            taken.clear();
            model.generateForced(prefix, Integer.MAX_VALUE, decoding, token -> taken.add(token) && taken.size() < 6);
            assertThat(taken.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(expected);
        }
    }

    @Test
    void aBidirectionalModelRefusesToGenerateUnlessForced() throws IOException {
        try (LanguageModel model = untrained(true)) {
            assertThatThrownBy(() -> model.generate("the", 5, Decoding.greedy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bidirectional");
            assertThat(model.generateForced(new int[] {1}, 5, Decoding.greedy()))
                    .hasSize(5);
        }
    }

    /** Two requests of a service that share a model. */
    @Test
    void aModelInUseIsRefusedToOtherThreads() throws IOException {
        try (LanguageModel model = untrained(false);
                TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT));
                Trainer trainer =
                        model.trainer(Sampling.SEQUENTIAL.split(tokens, 4, 20, 0, 1), TrainerConfig.sgd(0.02, 1, 1))) {
            List<String> seen = new ArrayList<>();
            trainer.run(new TrainingListener() {
                @Override
                public void epoch(EpochReport epoch) {
                    List<Runnable> others = List.of(
                            () -> model.generate("the", 5, Decoding.greedy()),
                            () -> model.generateForced(new int[] {1}, 5, Decoding.greedy()),
                            () -> model.perplexity(tokens),
                            model::close);
                    for (Runnable other : others) {
                        assertThatThrownBy(CompletableFuture.runAsync(other)::join)
                                .hasRootCauseInstanceOf(IllegalStateException.class)
                                .hasMessageContaining("in use by thread");
                    }
                    seen.add(model.generate("the", 5, Decoding.greedy()));
                }
            });
            assertThat(seen).hasSize(1);
            assertThat(CompletableFuture.supplyAsync(() -> model.generate("the", 5, Decoding.greedy()))
                            .join())
                    .isEqualTo(seen.get(0));
        }
    }

    @Test
    void badArguments() throws IOException {
        try (LanguageModel model = untrained(false)) {
            assertThatThrownBy(() -> model.generate(new int[] {0, 999}, 1, Decoding.greedy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("prefix[1]");
            assertThatThrownBy(() -> model.generate("a", -1, Decoding.greedy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("length");
            try (TokenSequence one = TokenSequence.of(1)) {
                assertThatThrownBy(() -> model.perplexity(one))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("at least 2 tokens");
            }
        }
    }

    /** {@link #nothingLeaks} looks at what the refused calls have left. */
    @Test
    void aClosedModelIsRefused() throws IOException {
        LanguageModel model = untrained(false);
        model.close();
        model.close();
        assertThatThrownBy(() -> model.generate("a", 3, Decoding.greedy())).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> model.generateForced(new int[] {1}, 3, Decoding.greedy()))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> model.save(folder.resolve("m"))).isInstanceOf(IllegalStateException.class);
        assertThat(folder).isEmptyDirectory();
        try (TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT))) {
            assertThatThrownBy(() -> model.perplexity(tokens)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void theStateOfTrainingIsSavedWithTheModel() throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (LanguageModel model = untrained(false);
                TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT));
                Trainer trainer =
                        model.trainer(Sampling.SEQUENTIAL.split(tokens, 4, 8, 0, 1), TrainerConfig.sgd(1, 1, 2))) {
            trainer.run(TrainingListener.SILENT, 3);
            model.save(file, trainer, Map.of("lr", "1"));
        }
        assertThat(Checkpoint.read(file).training().step()).isEqualTo(3);
        assertThat(Checkpoint.read(file).settings()).containsEntry("lr", "1");
    }

    @ParameterizedTest
    @EnumSource(BookExperiment.class)
    void bookExperimentsHaveTheirPublishedSizes(BookExperiment experiment) throws IOException {
        TextSource text = TextSource.text("text", TEXT.repeat(50));
        TextCodec codec = experiment.codec(text);
        try (TokenSequence tokens = codec.encode(text, experiment.maxTokens())) {
            TrainingData data = experiment.data(tokens, 1);
            int batch = data.training().batch();
            if (experiment.isV1()) {
                assertThat(tokens.size()).isEqualTo(15_032);
                assertThat(batch).isEqualTo(1024);
                assertThat(data.training().steps()).isEqualTo(32);
                assertThat(targets(data.training())).isEqualTo(10_000L * 32);
                assertThat(targets(data.validation())).isEqualTo(5_000L * 32);
            } else {
                assertThat(tokens.size()).isEqualTo(10_000);
                assertThat(data.training().epoch(0).size()).isEqualTo(8);
                assertThat(targets(data.training())).isEqualTo(8_960);
                assertThat(data.validation()).isNull();
            }
        }
        assertThat(experiment.options()).contains("--init", "--sampling");
        assertThat(experiment.network(28).embeddingSize()).isZero();
    }

    private static long targets(Minibatches source) {
        int[] inputs = new int[source.batch() * source.steps()];
        int[] targets = new int[inputs.length];
        long count = 0;
        for (long i = 0; i < source.epoch(0).size(); i++) {
            count += source.epoch(0).load(i, inputs, targets);
        }
        return count;
    }

    private LanguageModel trained() throws IOException {
        LanguageModel model = untrained(false);
        try (TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT));
                Trainer trainer = model.trainer(
                        Sampling.SEQUENTIAL.split(tokens, 4, 20, 0, 1),
                        TrainerConfig.sgd(0.02, 1, 40).withOptimizer(Adam.usual()))) {
            trainer.run(TrainingListener.SILENT);
        }
        return model;
    }

    /** Three layers, the last of another size: states and outputs of each are carried from token to token. */
    @Test
    void aNarrowerLastLayerGeneratesStepByStepWhatTheWholeTextGives() throws IOException {
        try (LanguageModel whole = untrained(false)) {
            LanguageNetworkConfig config = LanguageNetworkConfig.of(
                            whole.codec().vocabulary().size(),
                            8,
                            RnnConfig.of(CellType.LSTM, 8, 12).withLayers(3))
                    .withLastHiddenSize(8)
                    .withTied(true);
            try (LanguageModel model = LanguageModel.create(
                    config, whole.codec(), device, EngineChoice.AUTO, Initialization.uniform(1), 4)) {
                int[] prefix = model.codec().encode("the fox");
                Decoding decoding = Decoding.sampling(8);
                assertThat(model.generate(prefix, 20, decoding)).isEqualTo(model.generateForced(prefix, 20, decoding));
                try (TokenSequence tokens = model.codec().encode(TextSource.text("text", TEXT))) {
                    assertThat(model.perplexity(tokens).value()).isGreaterThan(1);
                }
            }
        }
    }

    private LanguageModel untrained(boolean bidirectional) throws IOException {
        TextCodec codec = TextCodec.build(
                TextSource.text("text", TEXT), Recipe.RAW, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        int size = codec.vocabulary().size();
        RnnConfig rnn = RnnConfig.of(CellType.GRU, size, 24).withBidirectional(bidirectional);
        return LanguageModel.create(
                LanguageNetworkConfig.of(size, 0, rnn),
                codec,
                device,
                EngineChoice.REFERENCE,
                Initialization.FRAMEWORK,
                4);
    }
}
