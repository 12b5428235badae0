package dev.fusedrnn.text;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Minibatches of random length: see {@link Minibatches#varying}.
 *
 * @param lengths that occur, rising
 */
record VaryingMinibatches(TokenSequence tokens, int batch, int usualSteps, int[] lengths, long seed)
        implements Minibatches {
    /** Of a length, in steps; lengths are rounded to multiples of it. */
    private static final int DEVIATION = 5;

    /** How often the length is drawn around half of the usual one. */
    private static final double HALVED = 0.05;

    private static final int LEAST_STEPS = 2 * DEVIATION;

    static VaryingMinibatches of(TokenSequence tokens, int batch, int steps, long seed) {
        if (steps < LEAST_STEPS) {
            throw new IllegalArgumentException(
                    "steps: expected at least " + LEAST_STEPS + " where lengths vary, found " + steps);
        }
        int[] lengths = IntStream.concat(around(steps), around(steps / 2))
                .sorted()
                .distinct()
                .toArray();
        int longest = lengths[lengths.length - 1];
        Windows.checkSizes(batch, longest);
        Windows.checkLength(tokens, (long) batch * longest + 1, batch, longest);
        return new VaryingMinibatches(tokens, batch, steps, lengths, seed);
    }

    private static IntStream around(int mean) {
        return IntStream.rangeClosed(least(mean) / DEVIATION, most(mean) / DEVIATION)
                .map(k -> k * DEVIATION);
    }

    private static int least(int mean) {
        return Math.max(DEVIATION, round(mean - 3.0 * DEVIATION));
    }

    private static int most(int mean) {
        return round(mean + 3.0 * DEVIATION);
    }

    private static int round(double length) {
        return DEVIATION * (int) Math.round(length / DEVIATION);
    }

    private static int draw(Random random, int steps) {
        int mean = random.nextDouble() < HALVED ? steps / 2 : steps;
        int length = round(mean + DEVIATION * random.nextGaussian());
        return Math.min(Math.max(length, least(mean)), most(mean));
    }

    @Override
    public int steps() {
        return lengths[lengths.length - 1];
    }

    @Override
    public int[] lengths() {
        return lengths.clone();
    }

    @Override
    public Epoch epoch(long index) {
        Windows.checkEpoch(index);
        long rowLength = (tokens.size() - 1) / batch;
        return new VaryingEpoch(rowLength, cut(rowLength, new Random(Mixing.mix(seed, index))));
    }

    /** Where minibatches start in a row, and behind them where the last one ends, padding included. */
    private long[] cut(long rowLength, Random random) {
        long[] starts = new long[16];
        int count = 0;
        long at = 0;
        while (at < rowLength) {
            if (count + 1 == starts.length) {
                starts = Arrays.copyOf(starts, 2 * starts.length);
            }
            starts[count++] = at;
            at += Math.min(draw(random, usualSteps), enoughFor(rowLength - at));
        }
        starts[count] = at;
        return Arrays.copyOf(starts, count + 1);
    }

    /** The smallest length that takes what is left of a row, or the largest there is. */
    private int enoughFor(long left) {
        for (int length : lengths) {
            if (length >= left) {
                return length;
            }
        }
        return steps();
    }

    private final class VaryingEpoch implements Epoch {
        private final long rowLength;
        private final long[] starts;
        private final int[] window = new int[VaryingMinibatches.this.steps() + 1];

        private VaryingEpoch(long rowLength, long[] starts) {
            this.rowLength = rowLength;
            this.starts = starts;
        }

        @Override
        public long size() {
            return starts.length - 1;
        }

        @Override
        public int steps(long index) {
            int at = place(index);
            return (int) (starts[at + 1] - starts[at]);
        }

        @Override
        public long load(long index, int[] inputs, int[] targets) {
            int steps = steps(index);
            long start = starts[place(index)];
            int kept = (int) Math.min(steps, rowLength - start);
            Windows.checkRoom("inputs", inputs, batch, steps);
            Windows.checkRoom("targets", targets, batch, steps);
            for (int n = 0; n < batch; n++) {
                tokens.copy(n * rowLength + start, window, 0, kept + 1);
                for (int t = 0; t < steps; t++) {
                    inputs[t * batch + n] = t < kept ? window[t] : 0;
                    targets[t * batch + n] = t < kept ? window[t + 1] : IGNORED;
                }
            }
            return (long) kept * batch;
        }

        @Override
        public boolean continuesState(long index) {
            return place(index) > 0;
        }

        private int place(long index) {
            if (index < 0 || index >= size()) {
                throw new IllegalArgumentException("index: expected 0 to " + (size() - 1) + ", found " + index);
            }
            return (int) index;
        }
    }
}
