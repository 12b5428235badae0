package dev.fusedrnn.text;

/**
 * The token ids of a text, in memory or in a mapped file. Reads may be made from several threads at once.
 *
 * <p>Closing frees the file behind a mapped sequence; for one in memory it does nothing. Reading after closing throws
 * {@link IllegalStateException}. A {@link #slice} shares the memory of its parent and ends with it.
 */
public sealed interface TokenSequence extends AutoCloseable permits ArrayTokens, MappedTokens, TokenSlice {
    /** Number of tokens. */
    long size();

    /**
     * Copies tokens {@code from} to {@code from + count - 1} into {@code target}, starting at {@code offset}. Allocates
     * nothing.
     */
    void copy(long from, int[] target, int offset, int count);

    /** Copies one token out; use {@link #copy} for many. */
    default int get(long index) {
        int[] one = new int[1];
        copy(index, one, 0, 1);
        return one[0];
    }

    /** Tokens {@code from} to {@code to - 1} without copying, for instance to split training from validation text. */
    default TokenSequence slice(long from, long to) {
        return new TokenSlice(this, from, to);
    }

    /** All tokens in an array; for texts known to be short. */
    default int[] toArray() {
        int[] all = new int[Math.toIntExact(size())];
        copy(0, all, 0, all.length);
        return all;
    }

    @Override
    void close();

    /** A sequence of these tokens, which are copied. */
    static TokenSequence of(int... tokens) {
        return new ArrayTokens(tokens.clone(), tokens.length);
    }
}
