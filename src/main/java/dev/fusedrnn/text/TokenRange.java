package dev.fusedrnn.text;

/** The check that every {@link TokenSequence} makes before it copies. */
final class TokenRange {
    private TokenRange() {}

    static void check(long size, long from, int[] target, int offset, int count) {
        if (count < 0 || from < 0 || from > size - count) {
            throw new IllegalArgumentException(
                    "from, count: expected a part of " + size + " tokens, found " + count + " from " + from);
        }
        if (offset < 0 || offset > target.length - count) {
            throw new IllegalArgumentException("target: expected room for " + count + " tokens at " + offset
                    + ", found an array of " + target.length);
        }
    }
}
