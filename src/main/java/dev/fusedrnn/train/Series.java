package dev.fusedrnn.train;

import dev.fusedrnn.text.TextSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Values of one or more columns in order of time. Immutable. */
public final class Series {
    private final double[] values;
    private final int columns;

    private Series(double[] values, int columns) {
        this.values = values;
        this.columns = columns;
    }

    /** A series of one column. */
    public static Series of(double... values) {
        return table(1, values);
    }

    /**
     * A series of several columns.
     *
     * @param values [time, columns]; copied
     * @throws IllegalArgumentException naming the first value that is not finite
     */
    public static Series table(int columns, double... values) {
        if (columns < 1 || values.length % columns != 0) {
            throw new IllegalArgumentException("columns must be 1 or more and divide the number of values, found "
                    + columns + " for " + values.length);
        }
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new IllegalArgumentException("value of column " + i % columns + " at time " + i / columns
                        + " must be finite, found " + values[i]);
            }
        }
        return new Series(values.clone(), columns);
    }

    /**
     * Columns of a table: names in the first line, fields separated by commas, with quotation marks or without. Between
     * quotation marks commas separate nothing, and two quotation marks stand for one.
     *
     * @param names of the columns to take, in this order
     * @throws IllegalArgumentException naming the table and line of what is not as said
     */
    public static Series csv(TextSource source, String... names) throws IOException {
        int number = 1;
        try (BufferedReader reader = source.reader(StandardCharsets.UTF_8)) {
            String head = reader.readLine();
            List<String> header = head == null ? List.of() : List.of(fields(head));
            int[] places = new int[names.length];
            for (int i = 0; i < names.length; i++) {
                places[i] = header.indexOf(names[i]);
                if (places[i] < 0) {
                    throw new IllegalArgumentException("there is no column " + names[i] + "; there are " + header);
                }
            }
            List<Double> values = new ArrayList<>();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    add(fields(line), places, header.size(), values);
                }
            }
            return table(
                    names.length, values.stream().mapToDouble(value -> value).toArray());
        } catch (CharacterCodingException wrong) {
            throw new IllegalArgumentException(source.name() + ": not UTF-8 after line " + number, wrong);
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(source.name() + ": line " + number + ": " + wrong.getMessage(), wrong);
        }
    }

    private static String[] fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char next = line.charAt(i);
            if (next == '"') {
                boolean doubled = quoted && i + 1 < line.length() && line.charAt(i + 1) == '"';
                if (doubled) {
                    field.append(line.charAt(++i));
                } else {
                    quoted = !quoted;
                }
            } else if (next == ',' && !quoted) {
                fields.add(field.toString().strip());
                field.setLength(0);
            } else {
                field.append(next);
            }
        }
        fields.add(field.toString().strip());
        return fields.toArray(String[]::new);
    }

    private static void add(String[] fields, int[] places, int count, List<Double> values) {
        if (fields.length != count) {
            throw new IllegalArgumentException("expected " + count + " fields, found " + fields.length);
        }
        for (int place : places) {
            values.add(number(fields[place]));
        }
    }

    private static double number(String field) {
        try {
            double value = Double.parseDouble(field);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException none) {
            // Said below, as of what is none either: NaN and Infinity.
        }
        throw new IllegalArgumentException("expected a number, found '" + field + "'");
    }

    /** Number of times. */
    public int length() {
        return values.length / columns;
    }

    /** Number of columns. */
    public int columns() {
        return columns;
    }

    /** A value. */
    public double at(int time, int column) {
        return values[time * columns + column];
    }

    /** All values, [time, columns]; a copy. */
    public double[] values() {
        return values.clone();
    }

    /** The times from {@code from} to before {@code to}. */
    public Series part(int from, int to) {
        if (from < 0 || to < from || to > length()) {
            throw new IllegalArgumentException(
                    "part must lie within " + length() + " times, found " + from + " to " + to);
        }
        return new Series(Arrays.copyOfRange(values, from * columns, to * columns), columns);
    }

    /** These times and behind them those of another series of as many columns. */
    public Series then(Series next) {
        if (next.columns != columns) {
            throw new IllegalArgumentException("expected " + columns + " columns, found " + next.columns);
        }
        double[] both = Arrays.copyOf(values, values.length + next.values.length);
        System.arraycopy(next.values, 0, both, values.length, next.values.length);
        return new Series(both, columns);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Series that && columns == that.columns && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * columns + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Series[" + length() + " times, " + columns + " columns]";
    }
}
