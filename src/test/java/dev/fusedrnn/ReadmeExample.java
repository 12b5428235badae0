package dev.fusedrnn;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.model.Classified;
import dev.fusedrnn.model.Decoding;
import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.model.SearchConfig;
import dev.fusedrnn.model.Seq2Seq;
import dev.fusedrnn.model.SequenceClassifier;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.nn.RnnGradients;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnPass;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.text.EncodedPair;
import dev.fusedrnn.text.LabelledText;
import dev.fusedrnn.text.Labels;
import dev.fusedrnn.text.PairCodec;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.SentencePair;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TextSource;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.Vocabulary.Order;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.LabelledSequence;
import dev.fusedrnn.train.Sampling;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.Trainer;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The examples of README.md: {@link ReadmeTest} holds them equal and runs them. */
final class ReadmeExample {
    private ReadmeExample() {}

    // README example 1
    /** Trains on a text file, saves the model and writes some text. */
    static String trainAndWrite(Path file, Path saved, int epochs) throws IOException {
        TextSource text = TextSource.file(file);
        TextCodec codec = TextCodec.build(text, Recipe.RAW, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        RnnConfig stack = RnnConfig.of(CellType.LSTM, 64, 256);
        LanguageNetworkConfig network =
                LanguageNetworkConfig.of(codec.vocabulary().size(), 64, stack);
        TrainerConfig training = TrainerConfig.sgd(0.004, 1, epochs).withOptimizer(Adam.usual());
        try (Device device = Device.best();
                TokenSequence tokens = codec.encode(text);
                LanguageModel model =
                        LanguageModel.create(network, codec, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1)) {
            try (Trainer trainer = model.trainer(Sampling.SEQUENTIAL.split(tokens, 16, 48, 0.1, 1), training)) {
                trainer.run(TrainingListener.SILENT);
            }
            model.save(saved);
            return model.generate("The sea", 200, Decoding.sampling(1));
        }
    }

    // README example 2
    /** One forward and backward pass of a layer: x [T,N,C] = [35,32,28], y [T,N,H] = [35,32,256]. */
    static float[] gradientOfInput(float[] values, float[] outputGradient) {
        try (Device device = Device.best();
                Rnn lstm = Rnn.create(RnnConfig.of(CellType.LSTM, 28, 256), device, EngineChoice.AUTO, 1);
                Tensor x = device.of(DataType.F32, values, 35, 32, 28);
                Tensor dy = device.of(DataType.F32, outputGradient, 35, 32, 256);
                RnnPass pass = lstm.forward(RnnInput.of(x));
                RnnGradients gradients = pass.backward(dy, null, null)) {
            return gradients.dx().toFloats();
        }
    }

    // README example 3
    /** Trains on lines {@code CLASS text}, saves the classifier and says what class a text has. */
    static Classified trainAndClassify(Path file, Path saved, int epochs, String text) throws IOException {
        List<LabelledText> texts = LabelledText.firstWord(TextSource.file(file), StandardCharsets.UTF_8, false);
        TextCodec codec = TextCodec.build(
                LabelledText.joined(texts), Recipe.STAT157, Tokenizer.words(), VocabularyOptions.DEFAULT);
        Labels labels = Labels.occurring(texts.stream().map(LabelledText::label).toList());
        RnnConfig stack = RnnConfig.of(CellType.LSTM, 100, 100).withBidirectional(true);
        SequenceNetworkConfig network = SequenceNetworkConfig.of(
                        codec.vocabulary().size(), stack, Pooling.MAX, labels.size())
                .withDropout(0.5, 0.5);
        TrainerConfig training = TrainerConfig.sgd(0.002, 5, epochs).withOptimizer(Adam.usual());
        try (Device device = Device.best();
                SequenceClassifier classifier = SequenceClassifier.create(
                        network, codec, labels, 100, device, EngineChoice.AUTO, Initialization.FRAMEWORK, 1)) {
            try (SupervisedTrainer<LabelledSequence> trainer =
                    classifier.trainer(classifier.encode(texts), List.of(), Batching.of(32, 1), training)) {
                trainer.run(SupervisedListener.SILENT);
            }
            classifier.save(saved);
            return classifier.classify(text);
        }
    }
    // README example 4
    /** Learns from lines "source, tab, target", saves the model and translates a sentence by beam search. */
    static String learnAndTranslate(Path file, Path saved, int epochs, String sentence) throws IOException {
        List<SentencePair> pairs = SentencePair.read(TextSource.file(file), 100_000);
        PairCodec codec = PairCodec.build(pairs, Recipe.TRANSLATION, Tokenizer.words(), 2, Order.FREQUENCY);
        Seq2SeqConfig network = Seq2SeqConfig.of(
                codec.source().vocabulary().size(),
                codec.target().vocabulary().size(),
                64,
                RnnConfig.of(CellType.GRU, 64, 128).withLayers(2).withDropout(0.2));
        TrainerConfig training = TrainerConfig.sgd(0.005, 1, epochs).withOptimizer(Adam.usual());
        try (Device device = Device.best();
                Seq2Seq model =
                        Seq2Seq.create(network, codec, 20, device, EngineChoice.AUTO, Initialization.XAVIER, 1)) {
            try (SupervisedTrainer<EncodedPair> trainer =
                    model.trainer(pairs, List.of(), Batching.of(64, 1), training)) {
                trainer.run(SupervisedListener.SILENT);
            }
            model.save(saved);
            return model.translate(sentence, SearchConfig.beam(4, 20));
        }
    }
    // end of README examples
}
