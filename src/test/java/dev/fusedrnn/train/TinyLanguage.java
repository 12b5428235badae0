package dev.fusedrnn.train;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.text.TextCodec;
import dev.fusedrnn.text.TokenSequence;
import dev.fusedrnn.text.Tokenizer;
import dev.fusedrnn.text.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A language and networks small enough for loops in double. */
final class TinyLanguage {
    static final int V = 6;

    private TinyLanguage() {}

    static LanguageNetworkConfig oneHot(CellType cell, int hidden) {
        return LanguageNetworkConfig.of(V, 0, RnnConfig.of(cell, V, hidden));
    }

    static LanguageNetworkConfig embedded(CellType cell, int hidden) {
        return LanguageNetworkConfig.of(V, 4, RnnConfig.of(cell, 4, hidden));
    }

    /** Tied, two layers, dropout in all three places, variational between layers, and zoneout. */
    static LanguageNetworkConfig tiedWithDropout(DataType type) {
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 5, 5)
                .withLayers(2)
                .withDropout(0.25)
                .withVariationalDropout(true)
                .withZoneout(0.125)
                .withCellZoneout(0.25)
                .withDataType(type);
        return LanguageNetworkConfig.of(V, 5, rnn).withTied(true).withDropout(0.25, 0.25);
    }

    /** Every part of a step, in sizes that kernels like: two layers of 32, dropout in all three places, tied. */
    static LanguageNetworkConfig everyPart(CellType cell, DataType type) {
        RnnConfig rnn =
                RnnConfig.of(cell, 32, 32).withLayers(2).withDropout(0.25).withDataType(type);
        return LanguageNetworkConfig.of(V, 32, rnn).withTied(true).withDropout(0.25, 0.25);
    }

    /** Everything that is dropped at once: rows of the embedding, inputs, recurrent weights, between layers, outputs. */
    static LanguageNetworkConfig regularized(DataType type) {
        return tiedWithDropout(type).withDropouts(new Dropouts(0.2, 0.25, 0.4, 0.3, true));
    }

    /** Layers of 6, 6 and 5 units, all that is dropped, and weights tied with the last. */
    static LanguageNetworkConfig narrowing(DataType type) {
        RnnConfig rnn = RnnConfig.of(CellType.LSTM, 5, 6)
                .withLayers(3)
                .withDropout(0.25)
                .withVariationalDropout(true)
                .withZoneout(0.2)
                .withDataType(type);
        return LanguageNetworkConfig.of(V, 5, rnn)
                .withLastHiddenSize(5)
                .withTied(true)
                .withDropouts(new Dropouts(0.2, 0.25, 0.4, 0.3, true));
    }

    /** A network on the reference engine. */
    static LanguageNetwork network(LanguageNetworkConfig config, Device device, long seed) {
        return network(config, device, EngineChoice.REFERENCE, seed);
    }

    static LanguageNetwork network(LanguageNetworkConfig config, Device device, EngineChoice choice, long seed) {
        LanguageNetwork network = LanguageNetwork.create(config, device, choice);
        network.initialize(Initialization.uniform(0.5), seed);
        return network;
    }

    static TokenSequence text(int length, long seed) {
        Random random = new Random(seed);
        return TokenSequence.of(random.ints(length, 0, V).toArray());
    }

    static TextCodec codec() {
        List<String> tokens = new ArrayList<>(List.of(Vocabulary.UNKNOWN, " ", "a", "b", "c", "d"));
        return new TextCodec(Recipe.RAW, Tokenizer.characters(), Vocabulary.of(tokens));
    }
}
