package dev.fusedrnn.text;

import java.util.Arrays;

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
        return new Epoch(Mixing.mix(seed, index));
    }

    private int steps(int sentence) {
        return Math.min(maxSteps, sentences.length(sentence) - 1);
    }

    private int bucket(int sentence) {
        return (steps(sentence) - 1) / bucketWidth;
    }

    /** One pass over the sentences. Belongs to one thread; {@link #load} allocates nothing. */
    public final class Epoch {
        private final int[] order;
        private final int[] firsts;
        private final Shuffle minibatches;
        private final int[] sentence = new int[maxSteps + 1];

        private Epoch(long epochSeed) {
            int[] ends = bucketEnds();
            this.order = new int[sentences.size()];
            fillBuckets(ends.clone(), new Shuffle(order.length, epochSeed));
            this.firsts = cut(ends);
            this.minibatches = new Shuffle(size(), Mixing.mix(epochSeed, 1));
        }

        private int[] bucketEnds() {
            int[] ends = new int[(maxSteps - 1) / bucketWidth + 1];
            for (int i = 0; i < sentences.size(); i++) {
                ends[bucket(i)]++;
            }
            for (int i = 1; i < ends.length; i++) {
                ends[i] += ends[i - 1];
            }
            return ends;
        }

        private void fillBuckets(int[] free, Shuffle shuffle) {
            for (int i = 0; i < order.length; i++) {
                int next = (int) shuffle.at(i);
                order[--free[bucket(next)]] = next;
            }
        }

        /** The place in {@link #order} where each minibatch starts, and the end; none reaches across buckets. */
        private int[] cut(int[] ends) {
            int[] cuts = new int[order.length + 1];
            int count = 0;
            int from = 0;
            for (int end : ends) {
                for (; from < end; from = Math.min(end, from + batch)) {
                    cuts[count++] = from;
                }
            }
            cuts[count] = order.length;
            return Arrays.copyOf(cuts, count + 1);
        }

        /** Number of minibatches. */
        public long size() {
            return firsts.length - 1;
        }

        /** Number of sentences N in a minibatch: the batch size, or less in the last one of a length. */
        public int rows(long index) {
            int at = place(index);
            return firsts[at + 1] - firsts[at];
        }

        /** Number of time steps T of a minibatch: the length of its longest sentence less one. */
        public int steps(long index) {
            int at = place(index);
            int longest = 0;
            for (int i = firsts[at]; i < firsts[at + 1]; i++) {
                longest = Math.max(longest, SentenceMinibatches.this.steps(order[i]));
            }
            return longest;
        }

        /** The index among all sentences of row {@code row} of a minibatch. */
        public int sentence(long index, int row) {
            if (row < 0 || row >= rows(index)) {
                throw new IllegalArgumentException("row: expected 0 to " + (rows(index) - 1) + ", found " + row);
            }
            return order[firsts[place(index)] + row];
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
                int from = order[firsts[place(index)] + n];
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

        private int place(long index) {
            if (index < 0 || index >= size()) {
                throw new IllegalArgumentException("index: expected 0 to " + (size() - 1) + ", found " + index);
            }
            return (int) minibatches.at(index);
        }
    }
}
