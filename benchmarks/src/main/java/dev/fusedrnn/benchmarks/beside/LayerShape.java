package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A line of a list of layers: {@code name N T C H L D}, then words in any order: cells ({@code lstm}, {@code gru}, {@code
 * rnn}, {@code relu}; without any, lstm and gru), passes ({@code inference}, {@code training}; without any, both) and {@code
 * skewed} for lengths of which most are much shorter than T.
 *
 * @param name for the table
 * @param batch N
 * @param steps T
 * @param input C
 * @param hidden H
 * @param layers L
 * @param directions 1 or 2
 */
record LayerShape(
        String name,
        int batch,
        int steps,
        int input,
        int hidden,
        int layers,
        int directions,
        Set<CellType> cells,
        Set<Pass> passes,
        boolean skewed) {
    private static final int SIZES = 6;

    /** Reads a list; {@code #} starts a comment. */
    static List<LayerShape> read(Path file) throws IOException {
        List<LayerShape> shapes = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replaceFirst("#.*", "").strip();
            if (!line.isEmpty()) {
                try {
                    shapes.add(parse(line));
                } catch (IllegalArgumentException wrong) {
                    throw new IllegalArgumentException(file + ", line " + (i + 1) + ": " + wrong.getMessage(), wrong);
                }
            }
        }
        return shapes;
    }

    /** Reads one line. */
    static LayerShape parse(String line) {
        String[] words = line.split("\\s+");
        if (words.length < 1 + SIZES) {
            throw new IllegalArgumentException("expected name N T C H L D and further words, found " + line);
        }
        int[] sizes = new int[SIZES];
        for (int i = 0; i < SIZES; i++) {
            sizes[i] = Integer.parseInt(words[i + 1]);
            if (sizes[i] < 1) {
                throw new IllegalArgumentException("sizes must be 1 or more, found " + sizes[i]);
            }
        }
        Set<CellType> cells = EnumSet.noneOf(CellType.class);
        Set<Pass> passes = EnumSet.noneOf(Pass.class);
        boolean skewed = false;
        for (int i = 1 + SIZES; i < words.length; i++) {
            switch (words[i]) {
                case "lstm" -> cells.add(CellType.LSTM);
                case "gru" -> cells.add(CellType.GRU);
                case "rnn" -> cells.add(CellType.RNN_TANH);
                case "relu" -> cells.add(CellType.RNN_RELU);
                case "skewed" -> skewed = true;
                default -> passes.add(Pass.parse(words[i]));
            }
        }
        return new LayerShape(
                words[0],
                sizes[0],
                sizes[1],
                sizes[2],
                sizes[3],
                sizes[4],
                sizes[5],
                cells.isEmpty() ? EnumSet.of(CellType.LSTM, CellType.GRU) : cells,
                passes.isEmpty() ? EnumSet.allOf(Pass.class) : passes,
                skewed);
    }

    /** The stack of a cell. */
    RnnConfig config(CellType cell, Precision precision) {
        return precision.apply(
                RnnConfig.of(cell, input, hidden).withLayers(layers).withBidirectional(directions == 2));
    }

    /** The values that every system computes with. */
    LayerData data(CellType cell, Precision precision) {
        return LayerData.drawn(config(cell, precision), steps, batch, skewed ? lengths() : null);
    }

    /** The first sample has all steps, the others T·u² of them, u uniform: on average a third. */
    int[] lengths() {
        SplittableRandom random = new SplittableRandom(steps);
        int[] lengths = new int[batch];
        for (int n = 0; n < batch; n++) {
            double u = n == 0 ? 1 : random.nextDouble();
            lengths[n] = Math.max(1, (int) Math.round(steps * u * u));
        }
        return lengths;
    }
}
