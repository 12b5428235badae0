package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import java.util.Locale;

/** What of a stack's outputs y [T, N, F] the head of a {@link SequenceNetwork} reads. Padding behind a sample's length counts for nothing. */
public enum Pooling {
    /** Every step: the head has an answer for each. */
    NONE,
    /** Where each direction ends: the forward one's output at the last valid step, the backward one's at the first. */
    FINAL,
    /** Outputs at the first and at the last valid step side by side, as the book "Dive into Deep Learning" classifies reviews. */
    FIRST_LAST,
    /** Mean over the valid steps. */
    MEAN,
    /** Largest value of each feature over the valid steps, the first of equal ones. Chosen on the host: a pass waits for y. */
    MAX;

    /** Features of what the head reads. */
    public int features(RnnConfig rnn) {
        return this == FIRST_LAST ? Math.multiplyExact(2, rnn.totalOutputSize()) : rnn.totalOutputSize();
    }

    /** Lower-case name with dashes. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
