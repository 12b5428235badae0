package dev.fusedrnn.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A made-up story, a question about it and the answer, of the kind of the first bAbI task (Weston et al. 2015): people go from
 * place to place, and one of them is asked for. Words are those of a small vocabulary, in lower case, with single spaces.
 *
 * @param text one fact after the other
 * @param question of four words
 * @param answer the place the person went to last
 */
public record Story(String text, String question, String answer) {
    private static final List<String> PEOPLE = List.of("mary", "john", "sandra", "daniel");
    private static final List<String> PLACES = List.of("bathroom", "hallway", "garden", "office", "bedroom", "kitchen");
    private static final List<String> WAYS = List.of("went to", "moved to", "travelled to", "journeyed to");

    /** The answers there are. */
    public static List<String> answers() {
        return PLACES;
    }

    /** All words of stories and questions. */
    public static TextSource words() {
        String people = String.join(" ", PEOPLE);
        String places = String.join(" ", PLACES);
        return TextSource.text("stories", people + " " + places + " " + String.join(" ", WAYS) + " the . where is ?");
    }

    /**
     * Stories, a function of the seed alone.
     *
     * @param leastFacts in a story, 1 or more
     * @param mostFacts in a story
     */
    public static List<Story> generate(int count, int leastFacts, int mostFacts, long seed) {
        if (leastFacts < 1 || mostFacts < leastFacts) {
            throw new IllegalArgumentException("facts must be 1 or more, found " + leastFacts + " to " + mostFacts);
        }
        Random random = new Random(seed);
        List<Story> stories = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            stories.add(next(leastFacts + random.nextInt(mostFacts - leastFacts + 1), random));
        }
        return stories;
    }

    private static Story next(int facts, Random random) {
        Map<String, String> where = new HashMap<>();
        List<String> told = new ArrayList<>();
        List<String> met = new ArrayList<>();
        for (int fact = 0; fact < facts; fact++) {
            String person = drawn(PEOPLE, random);
            String place = drawn(PLACES, random);
            told.add(person + " " + drawn(WAYS, random) + " the " + place + " .");
            if (where.put(person, place) == null) {
                met.add(person);
            }
        }
        String asked = drawn(met, random);
        return new Story(String.join(" ", told), "where is " + asked + " ?", where.get(asked));
    }

    private static String drawn(List<String> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }
}
