package dev.fusedrnn.text;

/** Token ids in an array, which belongs to this sequence from now on. */
record ArrayTokens(int[] tokens, long size) implements TokenSequence {
    @Override
    public void copy(long from, int[] target, int offset, int count) {
        TokenRange.check(size, from, target, offset, count);
        System.arraycopy(tokens, (int) from, target, offset, count);
    }

    @Override
    public void close() {}
}
