package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A small JSON value: for reports, vocabularies and metadata. Reading is strict: UTF-8, one value, no key twice, no more
 * levels and characters than {@link Limits} allow, whole numbers within 64 bits, finite fractions. Writing is
 * deterministic: fields in the order they were put in, the shortest digits that give the same double back, line feeds on
 * every system.
 *
 * <p>The accessors throw IllegalArgumentException when the value is of another kind.
 */
public sealed interface Json {
    /**
     * How much a text may make its reader hold.
     *
     * @param length most characters of the text; most bytes where it is a file
     * @param depth most objects and arrays within each other
     */
    record Limits(int length, int depth) {
        /** For reports and metadata: far above what one of them is, far below what a heap holds. */
        public static final Limits DEFAULT = new Limits(16 << 20, 64);

        public Limits {
            if (length < 1 || depth < 1) {
                throw new IllegalArgumentException(
                        "length and depth must be at least 1, found " + length + " and " + depth);
            }
        }
    }

    /** An object; its fields keep their order. */
    record Fields(Map<String, Json> values) implements Json {
        public Fields {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        }
    }

    /** An array. */
    record Items(List<Json> values) implements Json {
        public Items {
            values = List.copyOf(values);
        }
    }

    /** A string. */
    record Text(String value) implements Json {}

    /** A number without fraction and exponent. */
    record Whole(long value) implements Json {}

    /** A number with fraction or exponent; finite. */
    record Real(double value) implements Json {
        public Real {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("JSON has no number " + value);
            }
        }
    }

    /** True or false. */
    record Truth(boolean value) implements Json {}

    /** The null value. */
    record Nothing() implements Json {}

    /**
     * Makes a value of a Json, String, Boolean, Byte, Short, Integer, Long, Float, Double, null, a Map with String keys or a
     * Collection of these.
     *
     * @throws IllegalArgumentException for anything else, and for numbers that are not finite
     */
    static Json of(Object value) {
        if (value == null) {
            return new Nothing();
        } else if (value instanceof Json json) {
            return json;
        } else if (value instanceof String text) {
            return new Text(text);
        } else if (value instanceof Boolean truth) {
            return new Truth(truth);
        } else if (value instanceof Float single) {
            // By way of the text, so that 0.1f is written as 0.1.
            return new Real(Double.parseDouble(single.toString()));
        } else if (value instanceof Double real) {
            return new Real(real);
        } else if (value instanceof Byte
                || value instanceof Short
                || value instanceof Integer
                || value instanceof Long) {
            return new Whole(((Number) value).longValue());
        } else if (value instanceof Collection<?> collection) {
            List<Json> items = new ArrayList<>(collection.size());
            collection.forEach(item -> items.add(of(item)));
            return new Items(items);
        } else if (value instanceof Map<?, ?> map) {
            return ofMap(map);
        }
        throw new IllegalArgumentException(
                "no JSON value for " + value.getClass().getName());
    }

    private static Json ofMap(Map<?, ?> map) {
        Map<String, Json> fields = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (!(key instanceof String name)) {
                throw new IllegalArgumentException("JSON key " + key + " is not a string");
            }
            fields.put(name, of(value));
        });
        return new Fields(fields);
    }

    /** Makes an array of whole numbers, such as a shape. */
    static Json ofNumbers(long... values) {
        List<Json> items = new ArrayList<>(values.length);
        for (long value : values) {
            items.add(new Whole(value));
        }
        return new Items(items);
    }

    /** Reads one value within {@link Limits#DEFAULT}. */
    static Json parse(String text) {
        return parse(text, Limits.DEFAULT);
    }

    /**
     * Reads one value.
     *
     * @throws IllegalArgumentException with reason and place if the text is not strict JSON within the limits
     */
    static Json parse(String text, Limits limits) {
        try {
            return JsonText.read(text, limits);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " (at character " + e.getLocation().getCharOffset() + ")";
            throw new IllegalArgumentException("not JSON as allowed here: " + e.getOriginalMessage() + place, e);
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory failed", e);
        }
    }

    /**
     * Reads one value from a file in UTF-8, within {@link Limits#DEFAULT}.
     *
     * @throws InvalidFileException if the file is not regular, longer than allowed, or not strict JSON
     * @throws IOException if it is missing or cannot be read
     */
    static Json read(Path path) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new InvalidFileException(path, "not a regular file", InvalidFileException.NO_POSITION);
        }
        long bytes = Files.size(path);
        if (bytes > Limits.DEFAULT.length()) {
            throw new InvalidFileException(path, bytes + " bytes, allowed are " + Limits.DEFAULT.length(), 0);
        }
        try {
            return parse(Files.readString(path));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            String reason = e instanceof IllegalArgumentException ? e.getMessage() : "not UTF-8";
            throw new InvalidFileException(path, reason, InvalidFileException.NO_POSITION, e);
        }
    }

    /** The value in one line. */
    default String text() {
        return JsonText.write(this, false);
    }

    /** The value over several lines, indented by two spaces, with a line feed at the end. */
    default String lines() {
        return JsonText.write(this, true) + "\n";
    }

    /** Saves {@link #lines()} atomically. */
    default void write(Path path) throws IOException {
        AtomicFile.write(path, lines());
    }

    /** Whether this is an object that has a field of this name. */
    default boolean has(String name) {
        return this instanceof Fields object && object.values().containsKey(name);
    }

    /** A field of an object that has to be there. */
    default Json field(String name) {
        Json value = fields().get(name);
        if (value == null) {
            throw new IllegalArgumentException("no field '" + name + "' among " + fields().keySet());
        }
        return value;
    }

    /** The fields of an object, in order. */
    default Map<String, Json> fields() {
        return as(Fields.class).values();
    }

    /** The items of an array. */
    default List<Json> items() {
        return as(Items.class).values();
    }

    /** The value of a string. */
    default String asString() {
        return as(Text.class).value();
    }

    /** The value of a whole number. */
    default long asLong() {
        return as(Whole.class).value();
    }

    /** The value of any number. */
    default double asDouble() {
        return this instanceof Whole whole ? whole.value() : as(Real.class).value();
    }

    /** The value of true or false. */
    default boolean asBoolean() {
        return as(Truth.class).value();
    }

    private <K extends Json> K as(Class<K> wanted) {
        if (!wanted.isInstance(this)) {
            throw new IllegalArgumentException(
                    "expected " + JsonText.inWords(wanted) + ", found " + JsonText.inWords(getClass()));
        }
        return wanted.cast(this);
    }
}
