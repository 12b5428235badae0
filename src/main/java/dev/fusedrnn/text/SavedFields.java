package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** One JSON object that tokenizers, vocabularies or codecs were saved as. Errors name the object and the field. */
final class SavedFields {
    /**
     * Of any length: the vocabulary of all words of a large text is longer than any report, and whoever reads it has its text
     * in memory already. A sound one is at most five levels deep.
     */
    static final Json.Limits LIMITS = new Json.Limits(Integer.MAX_VALUE, 8);

    private final String what;
    private final Json fields;

    private SavedFields(String what, Json fields) {
        this.what = what;
        this.fields = fields;
    }

    static SavedFields parse(String what, String text) {
        try {
            return of(what, Json.parse(text, LIMITS));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
        }
    }

    private static SavedFields of(String what, Json value) {
        value.fields();
        return new SavedFields(what, value);
    }

    boolean has(String name) {
        return fields.has(name);
    }

    String string(String name) {
        return read(name, Json::asString);
    }

    boolean flag(String name) {
        return read(name, Json::asBoolean);
    }

    SavedFields object(String name) {
        return read(name, value -> of(what + "." + name, value));
    }

    List<String> strings(String name) {
        List<Json> items = read(name, Json::items);
        List<String> strings = new ArrayList<>(items.size());
        for (Json item : items) {
            strings.add(read(name + "[" + strings.size() + "]", item, Json::asString));
        }
        return strings;
    }

    private <V> V read(String name, Function<Json, V> accessor) {
        if (!has(name)) {
            throw new IllegalArgumentException(what + ": " + name + " is missing");
        }
        return read(name, fields.field(name), accessor);
    }

    private <V> V read(String place, Json value, Function<Json, V> accessor) {
        try {
            return accessor.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(what + ": " + place + ": " + e.getMessage(), e);
        }
    }
}
