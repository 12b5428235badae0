package dev.fusedrnn.text;

/** A part of another sequence. */
record TokenSlice(TokenSequence parent, long from, long to) implements TokenSequence {
    TokenSlice {
        if (from < 0 || to < from || to > parent.size()) {
            throw new IllegalArgumentException(
                    "slice: expected a part of " + parent.size() + " tokens, found " + from + " to " + to);
        }
    }

    @Override
    public long size() {
        return to - from;
    }

    @Override
    public void copy(long first, int[] target, int offset, int count) {
        TokenRange.check(size(), first, target, offset, count);
        parent.copy(from + first, target, offset, count);
    }

    /** Does nothing: the parent owns the tokens. */
    @Override
    public void close() {}
}
