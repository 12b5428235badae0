package dev.fusedrnn.text;

/**
 * A source of training examples of equal length, cut out of a sequence of tokens: inputs, and the same tokens moved on
 * by one as targets. Epoch {@code e} of a source with a given seed is always the same, so that training resumed in the
 * middle of an epoch sees what it would have seen. Immutable, and free to be shared between threads.
 *
 * <ul>
 *   <li>{@link #random}: separate windows in random order; the recurrent state starts from zero each time.
 *   <li>{@link #sequential}: minibatch i + 1 goes on, row by row, where minibatch i ended; the state is carried on.
 *   <li>{@link #varying}: as sequential, but minibatches differ in length at random.
 *   <li>{@link #sliding}: a window at every position, overlapping; the state starts from zero each time.
 * </ul>
 */
public interface Minibatches {
    /** A target to leave out of loss and gradient. */
    int IGNORED = -1;

    /** Number of time steps T, of the longest minibatch where they differ. */
    int steps();

    /** The numbers of time steps that minibatches may have, rising. */
    default int[] lengths() {
        return new int[] {steps()};
    }

    /** The number of time steps that learning rates are meant for: minibatches of other lengths take theirs in proportion. */
    default int usualSteps() {
        return steps();
    }

    /** Number of examples N. */
    int batch();

    /** The examples of an epoch, from 0 on. */
    Epoch epoch(long index);

    /** One pass over the text. Belongs to one thread; {@link #load} allocates nothing. */
    interface Epoch {
        /** Number of minibatches. */
        long size();

        /**
         * Writes a minibatch in time-major order: the token of step t in example n goes to {@code t * N + n}. Where
         * examples run short, at the end of a {@link Minibatches#sliding} epoch, the last columns hold input 0 and
         * target {@link #IGNORED}.
         *
         * @param index which minibatch, 0 to {@code size() - 1}, in any order
         * @param inputs at least T·N elements; the first T·N are written
         * @param targets at least T·N elements; the first T·N are written
         * @return how many targets are not ignored
         */
        long load(long index, int[] inputs, int[] targets);

        /** Number of time steps T of a minibatch: what {@link Minibatches#steps} says unless lengths differ. */
        int steps(long index);

        /** Whether each example of this minibatch goes on where the same example of the one before ended. */
        boolean continuesState(long index);
    }

    /**
     * Random partitioning: a random prefix of 0 to T - 1 tokens is dropped, the rest cut into windows of T that do not
     * overlap, and the windows shuffled. Every epoch has other windows. Windows that fill no minibatch are left out.
     *
     * @throws IllegalArgumentException if the text may be too short for a single minibatch
     */
    static Minibatches random(TokenSequence tokens, int batch, int steps, long seed) {
        return new RandomMinibatches(tokens, batch, steps, seed);
    }

    /**
     * Sequential partitioning as in the book: see {@link #sequential(TokenSequence, int, int, Rows, long)} with {@link
     * Rows#ADJOINING}.
     */
    static Minibatches sequential(TokenSequence tokens, int batch, int steps, long seed) {
        return sequential(tokens, batch, steps, Rows.ADJOINING, seed);
    }

    /**
     * Sequential partitioning: after a random prefix of 0 to T - 1 tokens, which is dropped, the text is cut into N
     * rows of equal length, and minibatches walk along all rows at once. {@link Epoch#continuesState} holds but for the
     * first minibatch of an epoch.
     *
     * @throws IllegalArgumentException if the text may be too short for a single minibatch
     */
    static Minibatches sequential(TokenSequence tokens, int batch, int steps, Rows rows, long seed) {
        return new SequentialMinibatches(tokens, batch, steps, rows, seed);
    }

    /**
     * Sequential partitioning into minibatches of random length, so that the same tokens do not always stand at their ends
     * (Merity, Keskar and Socher 2018): a length is drawn from a normal distribution with deviation 5 around {@code steps},
     * in 5 of 100 cases around half of it, and rounded to a multiple of 5 within three deviations, so that there are few
     * different ones. All of the text is read in each epoch; only the last minibatch may be padded with input 0 and target
     * {@link #IGNORED}.
     *
     * @param steps the usual number of time steps, at least 10
     * @throws IllegalArgumentException if the text may be too short for a single minibatch
     */
    static Minibatches varying(TokenSequence tokens, int batch, int steps, long seed) {
        return VaryingMinibatches.of(tokens, batch, steps, seed);
    }

    /** How {@link #sequential} lays out rows. */
    enum Rows {
        /** The last target of a row is the first input of the next: book v0.17 and v1.0. */
        ADJOINING,
        /** Each row holds its own last target: course STAT 157. */
        SEPARATE
    }

    /**
     * Sliding windows as in the book's version 1.0: one window starts at every token from {@code first} to {@code first
     * + count - 1}. The last minibatch of an epoch may be short.
     *
     * @param first where the first window starts: 0 for the 10,000 training windows of the book, 10,000 for validation
     * @param count number of windows
     * @param shuffled whether each epoch takes the windows in a random order of its own
     * @throws IllegalArgumentException if the windows reach beyond the text
     */
    static Minibatches sliding(
            TokenSequence tokens, int batch, int steps, long first, long count, boolean shuffled, long seed) {
        return new SlidingMinibatches(tokens, batch, steps, first, count, shuffled, seed);
    }
}
