package dev.fusedrnn.text;

/**
 * Minibatches of sentences of different lengths for a language model: inputs are the tokens of a sentence without the
 * last, targets the same without the first, padded at the end. Sentences of similar length share a minibatch, in random
 * order and with other neighbours in each epoch; every sentence is in one minibatch of each epoch. The recurrent state
 * starts from zero each time. Immutable, and free to be shared between threads.
 *
 * @param sentences sentences of at least two tokens, beginning and end marks already added
 * @param batch most sentences in a minibatch
 * @param maxSteps time steps beyond which sentences are cut off
 * @param bucketWidth lengths are alike if they fall into the same range of so many time steps; 1 never pads
 * @param padding token that fills up inputs; targets are filled up with {@link Minibatches#IGNORED}
 * @param seed of the order
 */
public record SentenceMinibatches(
        Sentences sentences, int batch, int maxSteps, int bucketWidth, int padding, long seed) {
    /** Checks sizes and the lengths of all sentences. */
    public SentenceMinibatches {
        Windows.checkSizes(batch, maxSteps);
        if (bucketWidth < 1) {
            throw new IllegalArgumentException("bucketWidth: expected at least 1, found " + bucketWidth);
        }
        if (padding < 0) {
            throw new IllegalArgumentException("padding: expected a token id, found " + padding);
        }
        if (sentences.size() == 0) {
            throw new IllegalArgumentException("sentences: expected at least one, found none");
        }
        for (int i = 0; i < sentences.size(); i++) {
            if (sentences.length(i) < 2) {
                throw new IllegalArgumentException("sentences: expected at least 2 tokens each, found "
                        + sentences.length(i) + " in sentence " + i);
            }
        }
    }

    /** Room that inputs and targets need for any minibatch. */
    public int capacity() {
        return maxSteps * batch;
    }

    /** The minibatches of an epoch, from 0 on: the same each time for the same seed. */
    public Epoch epoch(long index) {
        Windows.checkEpoch(index);
        return new Epoch(LengthBatches.epochSeed(seed, index));
    }

    private int steps(int sentence) {
        return Math.min(maxSteps, sentences.length(sentence) - 1);
    }

    /** One pass over the sentences. Belongs to one thread; {@link #load} allocates nothing. */
    public final class Epoch {
        private final LengthBatches order;
        private final int[] sentence = new int[maxSteps + 1];

        private Epoch(long epochSeed) {
            this.order = new LengthBatches(
                    sentences.size(),
                    SentenceMinibatches.this::steps,
                    batch,
                    bucketWidth,
                    LengthBatches.Cut.WITHIN_RANGES,
                    epochSeed);
        }

        /** Number of minibatches. */
        public long size() {
            return order.size();
        }

        /** Number of sentences N in a minibatch: the batch size, or less in the last one of a length. */
        public int rows(long index) {
            return order.rows(index);
        }

        /** Number of time steps T of a minibatch: the length of its longest sentence less one. */
        public int steps(long index) {
            return order.longest(index);
        }

        /** The index among all sentences of row {@code row} of a minibatch. */
        public int sentence(long index, int row) {
            return order.example(index, row);
        }

        /**
         * Writes a minibatch in time-major order: step t of row n goes to {@code t * rows(index) + n}.
         *
         * @param inputs room for {@link #capacity()} tokens; T·N are written, padding included
         * @param targets the same; {@link Minibatches#IGNORED} where padded
         * @param lengths room for {@link #batch()} numbers; of each row, the number of steps that are not padded
         * @return how many targets are not ignored
         */
        public long load(long index, int[] inputs, int[] targets, int[] lengths) {
            int rows = rows(index);
            int steps = steps(index);
            Windows.checkRoom("inputs", inputs, rows, steps);
            Windows.checkRoom("targets", targets, rows, steps);
            Windows.checkRoom("lengths", lengths, rows, 1);
            long kept = 0;
            for (int n = 0; n < rows; n++) {
                int from = order.example(index, n);
                lengths[n] = SentenceMinibatches.this.steps(from);
                sentences.copy(from, sentence, lengths[n] + 1);
                writeColumn(n, rows, steps, lengths[n], inputs, targets);
                kept += lengths[n];
            }
            return kept;
        }

        private void writeColumn(int n, int rows, int steps, int length, int[] inputs, int[] targets) {
            for (int t = 0; t < steps; t++) {
                inputs[t * rows + n] = t < length ? sentence[t] : padding;
                targets[t * rows + n] = t < length ? sentence[t + 1] : Minibatches.IGNORED;
            }
        }
    }
}
