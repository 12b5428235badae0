package dev.fusedrnn.text;

import dev.fusedrnn.io.Json;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Numbers the names of classes from 0 to {@link #size()} − 1. Immutable, and free to be shared between threads. */
public final class Labels {
    private final List<String> names;
    private final Map<String, Integer> ids = new HashMap<>();

    private Labels(List<String> names) {
        this.names = List.copyOf(names);
        if (names.isEmpty()) {
            throw new IllegalArgumentException("classes: expected at least one, found none");
        }
        for (String name : names) {
            if (ids.put(name, ids.size()) != null) {
                throw new IllegalArgumentException("classes: '" + name + "' occurs twice");
            }
        }
    }

    /** Exactly these classes in this order. */
    public static Labels of(List<String> names) {
        return new Labels(names);
    }

    /** All classes that occur, in alphabetical order. */
    public static Labels occurring(Collection<String> names) {
        return new Labels(List.copyOf(new TreeSet<>(names)));
    }

    /** Number of classes. */
    public int size() {
        return names.size();
    }

    /** All names in the order of their numbers. */
    public List<String> names() {
        return names;
    }

    /** The name of a number. */
    public String name(int id) {
        return names.get(id);
    }

    /**
     * The number of a name.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public int id(String name) {
        Integer id = ids.get(name);
        if (id == null) {
            throw new IllegalArgumentException("class must be one of " + names + ", found '" + name + "'");
        }
        return id;
    }

    /** The names as a JSON array, for {@link #fromJson}. */
    public String toJson() {
        return Json.of(names).text();
    }

    /** The classes that {@link #toJson} wrote; anything else is refused. */
    public static Labels fromJson(String json) {
        return new Labels(Json.parse(json).items().stream().map(Json::asString).toList());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Labels that && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return names.hashCode();
    }

    @Override
    public String toString() {
        return names.toString();
    }
}
