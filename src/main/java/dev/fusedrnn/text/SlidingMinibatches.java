package dev.fusedrnn.text;

/** Sliding windows: see {@link Minibatches#sliding}. */
record SlidingMinibatches(
        TokenSequence tokens, int batch, int steps, long first, long count, boolean shuffled, long seed)
        implements Minibatches {
    SlidingMinibatches {
        Windows.checkSizes(batch, steps);
        long possible = Math.max(0, tokens.size() - steps);
        if (count < 1 || first < 0 || first > possible - count) {
            throw new IllegalArgumentException("first, count: expected a part of the " + possible + " windows of "
                    + steps + " steps that " + tokens.size() + " tokens have, found " + count + " from " + first);
        }
    }

    @Override
    public Epoch epoch(long index) {
        Windows.checkEpoch(index);
        Shuffle shuffle = new Shuffle(count, Mixing.mix(seed, index));
        return new Windows(tokens, batch, steps, (count + batch - 1) / batch) {
            @Override
            long start(long minibatch, int example) {
                long place = minibatch * batch + example;
                if (place >= count) {
                    return NONE;
                }
                return first + (shuffled ? shuffle.at(place) : place);
            }
        };
    }
}
