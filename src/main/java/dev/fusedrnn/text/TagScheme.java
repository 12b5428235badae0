package dev.fusedrnn.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How entities are written as a tag for each word. Words outside of all are O; T stands for a type. */
public enum TagScheme {
    /** I-T for words inside; B-T only where an entity directly follows another of the same type. The CoNLL-2003 files. */
    IOB1,
    /** B-T for the first word, I-T for the others. */
    IOB2,
    /** B-T, I-T and E-T for the first, the inner and the last word, S-T for an entity of one word. */
    BIOES;

    /**
     * The tags of entities.
     *
     * @param entities in order, none reaching into another
     * @param words number of words
     */
    public List<String> tags(List<Entity> entities, int words) {
        List<String> tags = new ArrayList<>(Collections.nCopies(words, Entity.OUTSIDE));
        Entity before = null;
        for (Entity entity : entities) {
            if (entity.start() < (before == null ? 0 : before.end())
                    || entity.end() <= entity.start()
                    || entity.end() > words) {
                throw new IllegalArgumentException("entities must be in order within " + words + " words, found "
                        + entity + (before == null ? "" : " behind " + before));
            }
            boolean touches = before != null
                    && before.end() == entity.start()
                    && before.type().equals(entity.type());
            for (int i = entity.start(); i < entity.end(); i++) {
                tags.set(i, letter(entity, i, touches) + "-" + entity.type());
            }
            before = entity;
        }
        return tags;
    }

    private char letter(Entity entity, int word, boolean touches) {
        boolean first = word == entity.start();
        boolean last = word == entity.end() - 1;
        return switch (this) {
            case IOB1 -> first && touches ? 'B' : 'I';
            case IOB2 -> first ? 'B' : 'I';
            case BIOES -> first && last ? 'S' : first ? 'B' : last ? 'E' : 'I';
        };
    }

    /** Tags of any scheme in this one. */
    public List<String> convert(List<String> tags) {
        return tags(Entity.of(tags), tags.size());
    }
}
