package dev.fusedrnn.text;

import java.io.IOException;
import java.io.InputStream;

/** Runs the pipeline over a text that is longer than the heap; started in a process of its own by a test. */
final class LargeText {
    private static final int LENGTH = 40_000_000;

    private LargeText() {}

    /** The letters a to z over and over, without a single line end. */
    private static final class Letters extends InputStream {
        private int at;

        @Override
        public int read() {
            return at == LENGTH ? -1 : 'a' + at++ % 26;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            int count = Math.min(length, LENGTH - at);
            for (int i = 0; i < count; i++) {
                bytes[offset + i] = (byte) read();
            }
            return count == 0 ? -1 : count;
        }
    }

    public static void main(String[] args) throws IOException {
        TextSource text = TextSource.of("letters", Letters::new);
        TextCodec codec = TextCodec.build(text, Recipe.V1, Tokenizer.characters(), VocabularyOptions.DEFAULT);
        try (TokenSequence tokens = codec.encode(text)) {
            Minibatches.Epoch epoch = Minibatches.random(tokens, 32, 35, 1).epoch(0);
            int[] inputs = new int[32 * 35];
            int[] targets = new int[32 * 35];
            int a = codec.vocabulary().id("a");
            boolean good = true;
            for (long i = 0; i < epoch.size(); i += 97) {
                epoch.load(i, inputs, targets);
                for (int j = 0; j < inputs.length; j++) {
                    good &= targets[j] - a == (inputs[j] - a + 1) % 26;
                }
            }
            System.out.printf(
                    "%d tokens, %d minibatches, %s%n",
                    tokens.size(), epoch.size(), good ? "all targets as expected" : "wrong targets");
        }
    }
}
