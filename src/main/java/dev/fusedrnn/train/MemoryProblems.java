package dev.fusedrnn.train;

import dev.fusedrnn.nn.InputSequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Made-up problems that a network solves only if it remembers (Hochreiter and Schmidhuber 1997); a function of their seed alone. */
public final class MemoryProblems {
    /** Classes of {@link #copy}: nothing, the symbols 1 to 8, and 9, which asks for them. */
    public static final int COPY_TOKENS = 10;

    /** Mean squared error of always saying 1 to {@link #adding}: the variance of the sum of two uniform numbers, 1/6. */
    public static final double ADDING_BASELINE = 1 / 6.0;

    private static final int SYMBOLS = 8;
    private static final int REMEMBERED = 10;

    private MemoryProblems() {}

    /**
     * The adding problem: each step has a number U(0, 1) and a mark, which is 1 in two steps and else 0; the value is the sum of
     * the two marked numbers.
     *
     * @param steps 2 or more
     */
    public static List<SequenceWithValues> adding(int count, int steps, long seed) {
        requireSteps(steps, 2);
        Random random = new Random(seed);
        List<SequenceWithValues> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] features = new float[2 * steps];
            for (int t = 0; t < steps; t++) {
                features[2 * t] = random.nextFloat();
            }
            int first = random.nextInt(steps);
            int second = (first + 1 + random.nextInt(steps - 1)) % steps;
            features[2 * first + 1] = 1;
            features[2 * second + 1] = 1;
            float sum = features[2 * first] + features[2 * second];
            examples.add(new SequenceWithValues(InputSequence.features(steps, features), new float[] {sum}));
        }
        return examples;
    }

    /**
     * The copy problem: 10 symbols, then nothing for a while, then a mark asks for them; tags are nothing but for the last 10
     * steps, which are the symbols again. Sequences have {@code delay} + 20 steps.
     *
     * @param delay steps between the symbols and the mark, less one; 1 or more
     */
    public static List<TaggedSequence> copy(int count, int delay, long seed) {
        requireSteps(delay, 1);
        Random random = new Random(seed);
        List<TaggedSequence> examples = new ArrayList<>();
        int steps = delay + 2 * REMEMBERED;
        for (int i = 0; i < count; i++) {
            int[] tokens = new int[steps];
            int[] tags = new int[steps];
            for (int t = 0; t < REMEMBERED; t++) {
                tokens[t] = 1 + random.nextInt(SYMBOLS);
                tags[steps - REMEMBERED + t] = tokens[t];
            }
            Arrays.fill(tokens, steps - REMEMBERED - 1, steps, COPY_TOKENS - 1);
            examples.add(new TaggedSequence(InputSequence.tokens(tokens), tags));
        }
        return examples;
    }

    /** Mean loss, in nats for each step, of who knows all of {@link #copy} but the symbols: {@code 10·ln 8/(delay + 20)}. */
    public static double copyBaseline(int delay) {
        requireSteps(delay, 1);
        return REMEMBERED * Math.log(SYMBOLS) / (delay + 2 * REMEMBERED);
    }

    private static void requireSteps(int steps, int least) {
        if (steps < least) {
            throw new IllegalArgumentException("steps must be " + least + " or more, found " + steps);
        }
    }
}
