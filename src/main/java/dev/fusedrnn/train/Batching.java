package dev.fusedrnn.train;

import dev.fusedrnn.text.LengthBatches;
import java.io.Serializable;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * How examples of different lengths become minibatches.
 *
 * @param batch examples in a minibatch, but for the last one; 1 or more
 * @param bucketWidth time steps of a minibatch are a multiple of this, or those of the longest example of all, and examples stand
 *     beside others whose lengths fall into the same range of so many. So little is padded and few shapes occur, each of which
 *     the engine has to be prepared for (on a GPU {@code auto} measures each once). 1 or more
 * @param seed of the order
 */
public record Batching(int batch, int bucketWidth, long seed) implements Serializable {
    public Batching {
        requirePositive("batch", batch);
        requirePositive("bucketWidth", bucketWidth);
    }

    /** Minibatches of a size, lengths in ranges of 8. */
    public static Batching of(int batch, long seed) {
        return new Batching(batch, 8, seed);
    }

    /** The same with ranges of another width. */
    public Batching withBucketWidth(int bucketWidth) {
        return new Batching(batch, bucketWidth, seed);
    }

    /**
     * The minibatches of an epoch, from 0 on: each example in one of them, in another order in each epoch.
     *
     * @param length time steps of an example, 1 or more
     */
    public <E> Epoch<E> epoch(List<E> examples, ToIntFunction<E> length, long epoch) {
        return new Epoch<>(
                examples,
                new LengthBatches(
                        examples.size(),
                        i -> length.applyAsInt(examples.get(i)),
                        batch,
                        bucketWidth,
                        LengthBatches.Cut.ACROSS_RANGES,
                        LengthBatches.epochSeed(seed, epoch)),
                bucketWidth);
    }

    /** The minibatches of one epoch. */
    public static final class Epoch<E> {
        private final List<E> examples;
        private final LengthBatches order;
        private final int bucketWidth;
        private final int longest;

        private Epoch(List<E> examples, LengthBatches order, int bucketWidth) {
            this.examples = examples;
            this.order = order;
            this.bucketWidth = bucketWidth;
            this.longest =
                    IntStream.range(0, order.size()).map(order::longest).max().orElseThrow();
        }

        /** Number of minibatches. */
        public int size() {
            return order.size();
        }

        /** A minibatch. */
        public ExampleBatch<E> get(int index) {
            int[] places = new int[order.rows(index)];
            for (int n = 0; n < places.length; n++) {
                places[n] = order.example(index, n);
            }
            long rounded = ((order.longest(index) - 1L) / bucketWidth + 1) * bucketWidth;
            return ExampleBatch.of(examples, places, (int) Math.min(longest, rounded));
        }
    }

    private static void requirePositive(String field, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(field + " must be 1 or more, found " + value);
        }
    }
}
