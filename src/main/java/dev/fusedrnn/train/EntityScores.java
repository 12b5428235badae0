package dev.fusedrnn.train;

import dev.fusedrnn.text.Entity;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * How many entities were found, counted as conlleval does: an entity is right if its type and both its ends are.
 *
 * @param types counts of each type by name, in alphabetical order
 */
public record EntityScores(Map<String, Count> types) {
    /**
     * Entities of a type.
     *
     * @param right found that are there
     * @param found in all
     * @param expected that are there
     */
    public record Count(long right, long found, long expected) {
        /** Share of those found that are there; 0 if none was found. */
        public double precision() {
            return found == 0 ? 0 : right / (double) found;
        }

        /** Share of those there that were found; 0 if none is there. */
        public double recall() {
            return expected == 0 ? 0 : right / (double) expected;
        }

        /** Harmonic mean of both; 0 if nothing was right. */
        public double f1() {
            return right == 0 ? 0 : 2.0 * right / (found + expected);
        }

        private Count plus(long moreRight, long moreFound, long moreExpected) {
            return new Count(right + moreRight, found + moreFound, expected + moreExpected);
        }
    }

    public EntityScores {
        types = Collections.unmodifiableMap(new TreeMap<>(types));
    }

    /** Scores of tags, of any scheme, sentence by sentence. */
    public static EntityScores of(List<List<String>> expected, List<List<String>> found) {
        if (expected.size() != found.size()) {
            throw new IllegalArgumentException("expected " + expected.size() + " sentences, found " + found.size());
        }
        Map<String, Count> types = new TreeMap<>();
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i).size() != found.get(i).size()) {
                throw new IllegalArgumentException(
                        "sentence " + i + ": expected " + expected.get(i).size() + " tags, found "
                                + found.get(i).size());
            }
            add(types, Entity.of(expected.get(i)), Entity.of(found.get(i)));
        }
        return new EntityScores(types);
    }

    private static void add(Map<String, Count> types, List<Entity> expected, List<Entity> found) {
        Set<Entity> there = new HashSet<>(expected);
        Count none = new Count(0, 0, 0);
        for (Entity entity : expected) {
            types.put(entity.type(), types.getOrDefault(entity.type(), none).plus(0, 0, 1));
        }
        for (Entity entity : found) {
            int right = there.contains(entity) ? 1 : 0;
            types.put(entity.type(), types.getOrDefault(entity.type(), none).plus(right, 1, 0));
        }
    }

    /** All types together. */
    public Count all() {
        Count all = new Count(0, 0, 0);
        for (Count count : types.values()) {
            all = all.plus(count.right, count.found, count.expected);
        }
        return all;
    }
}
