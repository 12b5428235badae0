package dev.fusedrnn.text;

import java.io.IOException;
import java.util.Arrays;

/**
 * Sentences as token ids, one after the other in one sequence, in memory or in a mapped file; per sentence 8 bytes of
 * heap. Reads may be made from several threads at once.
 */
public final class Sentences implements AutoCloseable {
    private final TokenSequence tokens;
    private final long[] starts;

    private Sentences(TokenSequence tokens, long[] starts) {
        this.tokens = tokens;
        this.starts = starts;
    }

    /** Sentences that fit in memory. */
    public static Sentences of(Iterable<int[]> sentences) throws IOException {
        try (Writer writer = new Writer()) {
            for (int[] sentence : sentences) {
                writer.add(sentence);
            }
            return writer.finish();
        }
    }

    /** Number of sentences. */
    public int size() {
        return starts.length - 1;
    }

    /** Number of tokens of a sentence. */
    public int length(int sentence) {
        return (int) (starts[sentence + 1] - starts[sentence]);
    }

    /** Copies the first {@code count} tokens of a sentence to the start of {@code target}. Allocates nothing. */
    public void copy(int sentence, int[] target, int count) {
        if (count > length(sentence)) {
            throw new IllegalArgumentException(
                    "count: expected at most " + length(sentence) + " of sentence " + sentence + ", found " + count);
        }
        tokens.copy(starts[sentence], target, 0, count);
    }

    /** Frees the file behind the sentences, if there is one. */
    @Override
    public void close() {
        tokens.close();
    }

    /** Gathers sentences; moves to a temporary file where they get many, see {@link TokenWriter}. */
    public static final class Writer implements AutoCloseable {
        private final TokenWriter tokens = new TokenWriter();
        private long[] starts = new long[1 << 10];
        private int size;

        /** Adds a sentence. */
        public void add(int... sentence) throws IOException {
            if (size + 1 == starts.length) {
                starts = Arrays.copyOf(starts, 2 * starts.length);
            }
            for (int token : sentence) {
                tokens.add(token);
            }
            starts[++size] = tokens.size();
        }

        /** The sentences so far. The writer is of no further use. */
        public Sentences finish() throws IOException {
            return new Sentences(tokens.finish(), Arrays.copyOf(starts, size + 1));
        }

        @Override
        public void close() {
            tokens.close();
        }
    }
}
