/**
 * From a text file to minibatches of token ids, and back from ids to text.
 *
 * <pre>{@code
 * TextSource ──Recipe──► CodePoints ──Tokenizer──► TokenStream ──Vocabulary──► TokenSequence ──► Minibatches
 *   a file     cleaning   one by one    splitting    strings       numbering     ids, long        int[T·N]
 * }</pre>
 *
 * <p>Everything left of {@link dev.fusedrnn.text.TokenSequence} is a lazy stream: neither the text nor its tokens are
 * ever held in memory as a whole, and ids move to a memory-mapped file once they would take a noticeable part of the
 * heap. A text may be larger than the heap and need not have lines.
 *
 * <pre>{@code
 * TextSource text = TextSource.file(Path.of("book.txt"));
 * TextCodec codec = TextCodec.build(text, Recipe.V1, Tokenizer.characters(), VocabularyOptions.DEFAULT);
 * try (TokenSequence tokens = codec.encode(text)) {
 *     Minibatches minibatches = Minibatches.sequential(tokens, 32, 35, seed);
 *     int[] inputs = new int[35 * 32];
 *     int[] targets = new int[35 * 32];
 *     Minibatches.Epoch epoch = minibatches.epoch(0);
 *     for (long i = 0; i < epoch.size(); i++) {
 *         long count = epoch.load(i, inputs, targets);   // [T, N], time-major
 *         boolean carried = epoch.continuesState(i);     // keep the recurrent state, or start from zero?
 *     }
 * }
 * }</pre>
 *
 * <p>{@link dev.fusedrnn.text.TextCodec} joins recipe, tokenizer and vocabulary; its JSON form belongs into the
 * metadata of every saved model, since two orders of the same vocabulary number the same tokens differently.
 *
 * <p>Beside the pipeline stand {@link dev.fusedrnn.text.NgramCounts} with the slope of Zipf's law,
 * {@link dev.fusedrnn.text.NgramModel}, the counting baseline of every language model, and
 * {@link dev.fusedrnn.text.SentenceMinibatches} for sentences of different lengths.
 *
 * <p>Sequences of tokens, vocabularies, tokenizers and minibatch sources may be shared between threads; streams and
 * epochs belong to one thread. Text is handled as Unicode code points throughout. A text that is not UTF-8 is refused
 * with the name of the file and the position of the byte, as an {@link java.lang.IllegalArgumentException}; failures of
 * reading are {@link java.io.IOException}s.
 */
package dev.fusedrnn.text;
