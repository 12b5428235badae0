package dev.fusedrnn.train;

import dev.fusedrnn.nn.InputSequence;

/**
 * A sequence and the values expected for it. The array is kept, not copied.
 *
 * @param input what is read
 * @param values O of them
 */
public record SequenceWithValues(InputSequence input, float[] values) {}
