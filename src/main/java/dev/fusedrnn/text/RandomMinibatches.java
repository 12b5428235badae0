package dev.fusedrnn.text;

/** Random partitioning: see {@link Minibatches#random}. */
record RandomMinibatches(TokenSequence tokens, int batch, int steps, long seed) implements Minibatches {
    RandomMinibatches {
        Windows.checkSizes(batch, steps);
        Windows.checkLength(tokens, (long) batch * steps + steps, batch, steps);
    }

    @Override
    public Epoch epoch(long index) {
        Windows.checkEpoch(index);
        long random = Mixing.mix(seed, index);
        return epoch(Mixing.below(steps, random), random);
    }

    /** The epoch that drops {@code offset} tokens, 0 to T - 1. */
    Epoch epoch(int offset, long shuffleSeed) {
        long windows = (tokens.size() - offset - 1) / steps;
        Shuffle shuffle = new Shuffle(windows, shuffleSeed);
        return new Windows(tokens, batch, steps, windows / batch) {
            @Override
            long start(long index, int example) {
                return offset + shuffle.at(index * batch + example) * steps;
            }
        };
    }
}
