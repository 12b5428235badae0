package dev.fusedrnn.train;

import dev.fusedrnn.nn.InputSequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Texts with a blank in each, to be filled in: the class of the blank's step is the token that stood there, at other steps nothing is
 * expected. What follows the blank tells as much as what precedes it, so a stack in both directions has the advantage.
 */
public final class Blanks {
    private Blanks() {}

    /**
     * Cuts a text into windows that do not overlap, each with a blank at a place drawn by lot.
     *
     * @param tokens of the text, in [0, blank)
     * @param window tokens in each, 2 or more; what is left at the end is not used
     * @param blank token that stands for the blank: the size of the vocabulary
     */
    public static List<TaggedSequence> in(int[] tokens, int window, int blank, long seed) {
        if (window < 2) {
            throw new IllegalArgumentException("window must be 2 or more, found " + window);
        }
        Random random = new Random(seed);
        List<TaggedSequence> examples = new ArrayList<>();
        for (int from = 0; from + window <= tokens.length; from += window) {
            examples.add(at(Arrays.copyOfRange(tokens, from, from + window), random.nextInt(window), blank));
        }
        return examples;
    }

    /** A text with a blank at a place. */
    public static TaggedSequence at(int[] tokens, int place, int blank) {
        int[] tags = new int[tokens.length];
        Arrays.fill(tags, -1);
        tags[place] = tokens[place];
        int[] shown = tokens.clone();
        shown[place] = blank;
        return new TaggedSequence(InputSequence.tokens(shown), tags);
    }

    /** Share of expected classes that a task finds. */
    public static double accuracy(TaggingTask task, List<TaggedSequence> examples) {
        Batching.Epoch<TaggedSequence> batches = Batching.of(32, 0).epoch(examples, task::length, 0);
        long right = 0;
        long all = 0;
        for (int i = 0; i < batches.size(); i++) {
            ExampleBatch<TaggedSequence> batch = batches.get(i);
            List<int[]> found = task.tag(batch.map(TaggedSequence::input));
            for (int n = 0; n < batch.size(); n++) {
                int[] expected = batch.get(n).tags();
                for (int t = 0; t < expected.length; t++) {
                    all += expected[t] >= 0 ? 1 : 0;
                    right += expected[t] >= 0 && expected[t] == found.get(n)[t] ? 1 : 0;
                }
            }
        }
        return right / (double) all;
    }
}
