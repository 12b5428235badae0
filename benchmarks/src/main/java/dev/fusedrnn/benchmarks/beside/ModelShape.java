package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Sgd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A line of a list of language models: {@code name cell N T V E H L optimizer rate}.
 *
 * @param name for the table
 * @param cell {@code lstm}, {@code gru} or {@code rnn}
 * @param batch N
 * @param steps T
 * @param vocabulary V
 * @param embedding E; 0 for one-hot input
 * @param hidden H
 * @param layers L
 * @param optimizer {@code sgd} or {@code adam}
 * @param rate learning rate
 */
record ModelShape(
        String name,
        String cell,
        int batch,
        int steps,
        int vocabulary,
        int embedding,
        int hidden,
        int layers,
        String optimizer,
        double rate) {
    private static final int FIELDS = 10;

    /** Norm to which gradients are clipped. */
    static final double CLIP = 1;

    ModelShape {
        if (!List.of("lstm", "gru", "rnn").contains(cell)) {
            throw new IllegalArgumentException("cell must be lstm, gru or rnn, found " + cell);
        }
        if (!List.of("sgd", "adam").contains(optimizer)) {
            throw new IllegalArgumentException("optimizer must be sgd or adam, found " + optimizer);
        }
    }

    /** Reads a list; {@code #} starts a comment. */
    static List<ModelShape> read(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .map(ModelShape::parse)
                .toList();
    }

    /** Reads one line. */
    static ModelShape parse(String line) {
        String[] words = line.split("\\s+");
        if (words.length != FIELDS) {
            throw new IllegalArgumentException("expected name cell N T V E H L optimizer rate, found " + line);
        }
        return new ModelShape(
                words[0],
                words[1],
                Integer.parseInt(words[2]),
                Integer.parseInt(words[3]),
                Integer.parseInt(words[4]),
                Integer.parseInt(words[5]),
                Integer.parseInt(words[6]),
                Integer.parseInt(words[7]),
                words[8],
                Double.parseDouble(words[9]));
    }

    /** The network. */
    LanguageNetworkConfig network(Precision precision) {
        CellType type = cell.equals("rnn") ? CellType.RNN_TANH : CellType.valueOf(cell.toUpperCase(Locale.ROOT));
        RnnConfig stack = precision.apply(RnnConfig.of(type, embedding == 0 ? vocabulary : embedding, hidden)
                .withLayers(layers));
        return LanguageNetworkConfig.of(vocabulary, embedding, stack);
    }

    /** The optimizer. */
    OptimizerConfig optimizerConfig() {
        return optimizer.equals("sgd") ? Sgd.plain() : Adam.usual();
    }

    /** Tokens of a step. */
    int tokens() {
        return batch * steps;
    }
}
