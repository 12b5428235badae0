package dev.fusedrnn.train;

import dev.fusedrnn.nn.InputSequence;

/**
 * A sequence and its class.
 *
 * @param input what is read
 * @param label number of the class, from 0
 */
public record LabelledSequence(InputSequence input, int label) {}
