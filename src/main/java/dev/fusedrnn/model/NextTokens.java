package dev.fusedrnn.model;

/**
 * A model that extends several sequences by one token at a time: what {@link SequenceSearch} searches in. It holds a state for
 * each sequence, which follow each other as the search decides.
 */
public interface NextTokens {
    /** V: tokens are 0 to V − 1. */
    int vocabularySize();

    /** The most sequences it can hold at a time. */
    int mostSequences();

    /**
     * Begins anew with one sequence that is empty.
     *
     * @param logProbabilities of its first token, natural, in the first V elements; written
     */
    void begin(float[] logProbabilities);

    /**
     * Replaces all sequences: the new sequence i is the old {@code parents[i]} and behind it {@code tokens[i]}.
     *
     * @param count how many there are from now on
     * @param logProbabilities of the next token of sequence i from {@code i·V} on; written
     */
    void extend(int count, int[] parents, int[] tokens, float[] logProbabilities);
}
