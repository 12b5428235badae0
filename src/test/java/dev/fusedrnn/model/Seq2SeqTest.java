package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.SharedData;
import dev.fusedrnn.text.EncodedPair;
import dev.fusedrnn.text.PairCodec;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.SentencePair;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.Vocabulary;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.CorpusBleu;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedReport;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Seq2SeqTest {
    private static final int STEPS = 5;

    private final Device device = Device.cpu();

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        assertThat(device.allocatedBytes()).isZero();
        device.close();
    }

    /** Three letters, and the same from back to front with other words. */
    private static List<SentencePair> mirrored() {
        return IntStream.range(0, 64)
                .mapToObj(i -> new int[] {i % 4, i / 4 % 4, i / 16})
                .map(d -> new SentencePair(
                        "s" + d[0] + " s" + d[1] + " s" + d[2], "t" + d[2] + " t" + d[1] + " t" + d[0]))
                .toList();
    }

    private Seq2Seq model(List<SentencePair> pairs, RnnConfig encoder, RnnConfig decoder) throws IOException {
        return model(pairs, encoder, decoder, 0);
    }

    private Seq2Seq model(List<SentencePair> pairs, RnnConfig encoder, RnnConfig decoder, int attention)
            throws IOException {
        PairCodec codec = PairCodec.build(pairs, Recipe.TRANSLATION, Tokenizer.words(), 0, Vocabulary.Order.FREQUENCY);
        Seq2SeqConfig config = Seq2SeqConfig.of(
                        codec.source().vocabulary().size(),
                        codec.target().vocabulary().size(),
                        12,
                        encoder,
                        decoder)
                .withAttention(attention);
        return Seq2Seq.create(config, codec, STEPS, device, EngineChoice.CPU, Initialization.XAVIER, 3);
    }

    private static RnnConfig cell(CellType cell, int hidden) {
        return RnnConfig.of(cell, 1, hidden);
    }

    private static TrainerConfig adam(int epochs) {
        return TrainerConfig.sgd(0.01, 1, epochs).withOptimizer(Adam.usual());
    }

    @Test
    void learnsToMirrorAndIsTheSameAfterLoading() throws IOException {
        List<SentencePair> pairs = mirrored();
        try (Seq2Seq model = model(pairs, cell(CellType.GRU, 24), cell(CellType.GRU, 32))) {
            try (SupervisedTrainer<EncodedPair> trainer =
                    model.trainer(pairs, pairs.subList(0, 8), Batching.of(16, 1).withBucketWidth(STEPS), adam(60))) {
                trainer.run(SupervisedListener.SILENT);
                SupervisedReport last = trainer.history().get(59);
                assertThat(last.trainLoss()).isLessThan(0.2);
                assertThat(last.targets()).isEqualTo(4 * 64);
                assertThat(last.validationLoss()).isLessThan(0.2);
            }
            List<String> sources = pairs.stream().map(SentencePair::source).toList();
            List<String> written = model.translate(sources, SearchConfig.greedy(STEPS));
            assertThat(IntStream.range(0, 64)
                            .filter(i -> written.get(i).equals(pairs.get(i).target()))
                            .count())
                    .isGreaterThan(56);
            CorpusBleu expected = new CorpusBleu();
            for (int i = 0; i < 64; i++) {
                List<String> label = List.of(pairs.get(i).target().split(" "));
                expected.add(List.of(written.get(i).split(" ")), List.of(label));
            }
            CorpusBleu bleu = model.bleu(pairs, SearchConfig.greedy(STEPS));
            // Three words have no runs of four: only a smoothed score is above 0.
            assertThat(bleu.score(CorpusBleu.Smoothing.NONE)).isZero();
            assertThat(bleu.score(CorpusBleu.Smoothing.ADD_ONE))
                    .isEqualTo(expected.score(CorpusBleu.Smoothing.ADD_ONE))
                    .isGreaterThan(80);
            Path file = folder.resolve("model.safetensors");
            model.save(file);
            try (Seq2Seq loaded = Seq2Seq.load(file, device, EngineChoice.CPU)) {
                assertThat(loaded.network().config()).isEqualTo(model.network().config());
                assertThat(loaded.codec()).isEqualTo(model.codec());
                assertThat(loaded.search(sources, SearchConfig.beam(3, STEPS)))
                        .isEqualTo(model.search(sources, SearchConfig.beam(3, STEPS)));
            }
            assertThatThrownBy(() -> LanguageModel.load(file, device, EngineChoice.CPU))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageContaining("found 'fusedrnn translation model'");
        }
    }

    /** Token by token, in several rows that change places, and all at once with teacher forcing: the same probabilities. */
    @ParameterizedTest
    @ValueSource(ints = {0, 6})
    void searchComputesWhatTrainingDoes(int attention) throws IOException {
        List<SentencePair> pairs = mirrored();
        RnnConfig encoder = cell(CellType.LSTM, 7).withBidirectional(true).withLayers(2);
        try (Seq2Seq model = model(pairs, encoder, cell(CellType.LSTM, 9), attention);
                SupervisedTrainer<EncodedPair> trainer =
                        model.trainer(pairs, List.of(), Batching.of(4, 1).withBucketWidth(STEPS), adam(1))) {
            trainer.run(SupervisedListener.SILENT);
            for (int width : new int[] {1, 4}) {
                for (String source : List.of("s1 s2 s0", "s3", "s0 s0 s1 s2 s3 s1 s2")) {
                    FoundSequence found = model.search(List.of(source), SearchConfig.beam(width, STEPS))
                            .get(0);
                    int[] target = found.tokens();
                    if (found.ended()) {
                        target = Arrays.copyOf(target, target.length + 1);
                        target[target.length - 1] =
                                model.codec().target().vocabulary().id(PairCodec.END);
                    }
                    EncodedPair pair = new EncodedPair(model.codec().encodeSource(source), target).cut(STEPS);
                    double loss = trainer.loss(List.of(pair)) * target.length;
                    assertThat(found.logProbability()).isCloseTo(-loss, within(1e-4));
                }
            }
        }
    }

    /** Shares of each word written, by the search's own steps: whole, and the same after loading. */
    @Test
    void sharesOfAttentionAreGivenOut() throws IOException {
        List<SentencePair> pairs = mirrored();
        try (Seq2Seq model = model(pairs, cell(CellType.GRU, 16).withBidirectional(true), cell(CellType.GRU, 16), 12)) {
            try (SupervisedTrainer<EncodedPair> trainer =
                    model.trainer(pairs, List.of(), Batching.of(16, 1).withBucketWidth(STEPS), adam(6))) {
                trainer.run(SupervisedListener.SILENT);
                assertThat(trainer.history().get(5).trainLoss())
                        .isLessThan(trainer.history().get(0).trainLoss());
            }
            int[] found = model.search(List.of("s1 s0 s3"), SearchConfig.greedy(STEPS))
                    .get(0)
                    .tokens();
            float[][] shares = model.attention("s1 s0 s3", found);
            assertThat(shares).hasNumberOfRows(found.length + 1);
            for (float[] row : shares) {
                assertThat(row).hasSize(4);
                double sum = 0;
                for (float share : row) {
                    assertThat(share).isBetween(0f, 1f);
                    sum += share;
                }
                assertThat(sum).isCloseTo(1, within(1e-5));
            }
            Path file = folder.resolve("attention.safetensors");
            model.save(file);
            try (Seq2Seq loaded = Seq2Seq.load(file, device, EngineChoice.CPU)) {
                assertThat(loaded.attention("s1 s0 s3", found)).isDeepEqualTo(shares);
            }
        }
        try (Seq2Seq plain = model(pairs, cell(CellType.GRU, 4), cell(CellType.GRU, 4))) {
            assertThatThrownBy(() -> plain.attention("s1", new int[0]))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("this network has no attention");
        }
    }

    @Test
    void marksAreNeverWrittenAndBeamsMayBeLongerThanTraining() throws IOException {
        List<SentencePair> pairs = mirrored();
        try (Seq2Seq model = model(pairs, cell(CellType.GRU, 6), cell(CellType.GRU, 6))) {
            FoundSequence found = model.search(List.of("unknown words"), SearchConfig.beam(5, 12))
                    .get(0);
            List<String> tokens = model.codec().target().vocabulary().tokens(found.tokens());
            assertThat(tokens).doesNotContain(PairCodec.PADDING, PairCodec.BEGIN, PairCodec.END);
            assertThat(model.translate("S1,s2")).isEqualTo(model.translate("s1 ,s2"));
        }
    }

    @Test
    void wrongRequestsAreRefusedInOneLine() throws IOException {
        List<SentencePair> pairs = mirrored();
        try (Seq2Seq model = model(pairs, cell(CellType.GRU, 6), cell(CellType.GRU, 6));
                Seq2Seq other = model(pairs.subList(0, 3), cell(CellType.GRU, 6), cell(CellType.GRU, 6))) {
            assertThatThrownBy(() -> new Seq2Seq(model.network(), other.codec(), STEPS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the source vocabulary has 7 tokens, the network is for 8");
            assertThatThrownBy(() -> new Seq2Seq(model.network(), model.codec(), 0))
                    .hasMessage("steps must be 1 or more, found 0");
            assertThatThrownBy(() -> model.trainer(List.of(), List.of(), Batching.of(4, 1), adam(1)))
                    .hasMessage("training: expected at least one example, found none");
        }
    }

    /** The first epochs of both protocols of the book on its sentences: losses fall as they do there. */
    @Test
    void bookProtocolsLearn() throws IOException {
        String name = "fraeng/fra.txt.gz";
        SharedData.data(name);
        TextSource text = TextSource.of(name, () -> SharedData.open(name));
        List<SentencePair> pairs = TranslationPreset.V017.read(text);
        PairCodec codec = TranslationPreset.V017.codec(pairs);
        assertThat(TranslationPreset.V017.training(pairs)).hasSize(601);
        assertThat(codec.source().vocabulary().size()).isEqualTo(184);
        assertThat(codec.target().vocabulary().size()).isEqualTo(201);
        try (Seq2Seq model = TranslationPreset.V017.model(codec, device, EngineChoice.CPU, 1);
                SupervisedTrainer<EncodedPair> trainer = model.trainer(
                        pairs,
                        List.of(),
                        TranslationPreset.V017.batching(1),
                        TranslationPreset.V017.trainer().withEpochs(5))) {
            trainer.run(SupervisedListener.SILENT);
            // No word's share of the text says more than its entropy: below that the words before it, or the source,
            // are used.
            double entropy = entropy(model.encode(pairs));
            assertThat(trainer.history().get(0).trainLoss()).isLessThan(Math.log(201));
            assertThat(trainer.history().get(4).trainLoss()).isLessThan(entropy);
            assertThat(trainer.history().get(4).targets())
                    .isEqualTo(model.encode(pairs).stream()
                            .mapToLong(pair -> pair.target().length)
                            .sum());
        }
        List<SentencePair> more = TranslationPreset.V1.read(text);
        PairCodec larger = TranslationPreset.V1.codec(more);
        assertThat(TranslationPreset.V1.training(more)).hasSize(512);
        assertThat(TranslationPreset.V1.validation(more)).hasSize(128);
        assertThat(TranslationPreset.V1.network(larger).sourceVocabulary()).isEqualTo(194);
        assertThat(TranslationPreset.V1.network(larger).targetVocabulary()).isEqualTo(214);
    }

    /** Of a target token, in nats, by how often each occurs. */
    private static double entropy(List<EncodedPair> pairs) {
        Map<Integer, Long> counts = pairs.stream()
                .flatMapToInt(pair -> Arrays.stream(pair.target()))
                .boxed()
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        double all = counts.values().stream().mapToLong(count -> count).sum();
        return counts.values().stream()
                .mapToDouble(count -> -count / all * Math.log(count / all))
                .sum();
    }
}
