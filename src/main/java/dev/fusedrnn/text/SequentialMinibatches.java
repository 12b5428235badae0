package dev.fusedrnn.text;

/** Sequential partitioning: see {@link Minibatches#sequential(TokenSequence, int, int, Rows, long)}. */
record SequentialMinibatches(TokenSequence tokens, int batch, int steps, Rows rows, long seed) implements Minibatches {
    SequentialMinibatches {
        Windows.checkSizes(batch, steps);
        int ownTarget = rows == Rows.SEPARATE ? batch : 1;
        Windows.checkLength(tokens, (long) batch * steps + ownTarget + steps - 1, batch, steps);
    }

    @Override
    public Epoch epoch(long index) {
        Windows.checkEpoch(index);
        return epochFrom(Mixing.below(steps, Mixing.mix(seed, index)));
    }

    /** The epoch that drops {@code offset} tokens, 0 to T - 1. */
    Epoch epochFrom(int offset) {
        long left = tokens.size() - offset;
        long rowLength = rows == Rows.ADJOINING ? (left - 1) / batch : left / batch;
        long inputs = rows == Rows.ADJOINING ? rowLength : rowLength - 1;
        return new Windows(tokens, batch, steps, inputs / steps) {
            @Override
            long start(long index, int example) {
                return offset + example * rowLength + index * steps;
            }

            @Override
            public boolean continuesState(long index) {
                checkIndex(index);
                return index > 0;
            }
        };
    }
}
