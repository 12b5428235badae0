package dev.fusedrnn.cli;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.tensor.DataType;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Sizes to time.
 *
 * @param name for the table
 * @param batch N
 * @param steps T
 * @param input C
 * @param hidden H
 * @param layers L
 * @param directions 1 or 2
 */
record BenchShape(String name, int batch, int steps, int input, int hidden, int layers, int directions) {
    /** What a file holds, one shape a line. */
    static final String COLUMNS = "name N T C H L D";

    private static final int FIELDS = 7;

    /** The largest number in each column. */
    private static final int[] MOST = {
        0, RnnConfig.MAX_SIZE, RnnConfig.MAX_SIZE, RnnConfig.MAX_SIZE, RnnConfig.MAX_SIZE, Converters.Layers.MOST, 2
    };

    /** What is timed if no file is given: a character model, a stack of two layers, a single sequence. */
    static final List<BenchShape> DEFAULT = List.of(
            new BenchShape("d2l", 32, 35, 28, 256, 1, 1),
            new BenchShape("stack", 32, 64, 128, 256, 2, 1),
            new BenchShape("single", 1, 128, 128, 128, 1, 1));

    /** Reads a file of lines {@value #COLUMNS}; {@code #} starts a comment. */
    static List<BenchShape> read(Path file) throws IOException {
        InputFiles.requireFile("--shapes", file);
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException notText) {
            throw new InvalidFileException(file, "not UTF-8", InvalidFileException.NO_POSITION, notText);
        }
        List<BenchShape> shapes = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replaceFirst("#.*", "").strip();
            if (!line.isEmpty()) {
                shapes.add(parse(file + ", line " + (i + 1), line.split("\\s+")));
            }
        }
        if (shapes.isEmpty()) {
            throw new UserError("--shapes " + file + ": holds no shape; expected lines: " + COLUMNS);
        }
        return shapes;
    }

    private static BenchShape parse(String where, String[] fields) {
        if (fields.length != FIELDS) {
            throw new UserError(where + ": expected " + FIELDS + " fields: " + COLUMNS + "; found " + fields.length);
        }
        int[] sizes = new int[FIELDS];
        for (int i = 1; i < FIELDS; i++) {
            sizes[i] = size(where, fields[i], COLUMNS.split(" ")[i], MOST[i]);
        }
        return new BenchShape(fields[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6]);
    }

    private static int size(String where, String text, String name, int most) {
        try {
            int value = Integer.parseInt(text);
            if (value >= 1 && value <= most) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // Falls through to the one message for both.
        }
        throw new UserError(where + ": " + name + " must be a whole number, 1 to " + most + ", found '" + text + "'");
    }

    RnnConfig config(CellType cell, DataType type) {
        return RnnConfig.of(cell, input, hidden)
                .withLayers(layers)
                .withBidirectional(directions == 2)
                .withDataType(type);
    }

    /** Why no Java array can hold the values of a pass of this network; empty if arrays can. */
    String tooLarge(RnnConfig config) {
        long features = Math.max(config.inputSize(), config.totalOutputSize());
        long sequence = Math.multiplyExact((long) steps * batch, features);
        long largest = Math.max(sequence, ParameterLayout.of(config).elements());
        return largest <= Integer.MAX_VALUE
                ? ""
                : String.format(
                        Locale.ROOT,
                        "its largest array has %,d values, at most %,d are possible",
                        largest,
                        Integer.MAX_VALUE);
    }

    /** Multiplications and additions of a forward pass; a training pass has three times as many. */
    static double flops(RnnConfig config, int steps, int batch) {
        double perToken = 0;
        for (int layer = 0; layer < config.layers(); layer++) {
            double inputs = layer == 0 ? config.inputSize() : config.totalOutputSize();
            perToken += 2.0
                    * config.directions()
                    * config.cell().gates()
                    * config.hiddenSize()
                    * (inputs + config.hiddenSize());
        }
        return perToken * steps * batch;
    }
}
