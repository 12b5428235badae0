package dev.fusedrnn.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A run of words of one type, such as a name.
 *
 * @param type what it is
 * @param start its first word
 * @param end behind its last word
 */
public record Entity(String type, int start, int end) {
    /** The tag of words that belong to no entity. */
    public static final String OUTSIDE = "O";

    private static final String PREFIXES = "BIES";

    /**
     * The entities that tags of any {@link TagScheme} mark, well formed or not, as the scorer of the CoNLL shared tasks
     * (conlleval) finds them: an entity begins at B and S, where the type changes, and at I and E behind the end of another; it
     * ends before what begins, before O, and at E and S.
     *
     * @throws IllegalArgumentException naming a tag that is neither O nor a letter of B, I, E, S, a hyphen and a type
     */
    public static List<Entity> of(List<String> tags) {
        List<Entity> entities = new ArrayList<>();
        int start = -1;
        String type = "";
        char before = 'O';
        for (int i = 0; i <= tags.size(); i++) {
            String tag = i < tags.size() ? tags.get(i) : OUTSIDE;
            char letter = letter(tag);
            String now = letter == 'O' ? "" : tag.substring(2);
            boolean goesOn = start >= 0
                    && now.equals(type)
                    && (letter == 'I' || letter == 'E')
                    && before != 'E'
                    && before != 'S';
            if (start >= 0 && !goesOn) {
                entities.add(new Entity(type, start, i));
                start = -1;
            }
            if (letter != 'O' && !goesOn) {
                start = i;
                type = now;
            }
            before = letter;
        }
        return entities;
    }

    private static char letter(String tag) {
        if (tag.equals(OUTSIDE)) {
            return 'O';
        }
        if (tag.length() < 3 || tag.charAt(1) != '-' || PREFIXES.indexOf(tag.charAt(0)) < 0) {
            throw new IllegalArgumentException(
                    "tag must be O or one of B, I, E, S with a hyphen and a type, found '" + tag + "'");
        }
        return tag.charAt(0);
    }
}
