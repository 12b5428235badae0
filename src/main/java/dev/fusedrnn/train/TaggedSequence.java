package dev.fusedrnn.train;

import dev.fusedrnn.nn.InputSequence;

/**
 * A sequence and a class for each of its steps. The array is kept, not copied.
 *
 * @param input what is read
 * @param tags numbers of classes, one for each step; negative where nothing is expected
 */
public record TaggedSequence(InputSequence input, int[] tags) {
    public TaggedSequence {
        if (tags.length != input.length()) {
            throw new IllegalArgumentException(
                    "tags must be as many as the " + input.length() + " steps, found " + tags.length);
        }
    }
}
