package dev.fusedrnn.text;

import java.util.Arrays;
import java.util.List;

/**
 * Pairs as the arrays of a minibatch for teacher forcing, time-major: step t of pair n stands at {@code t·N + n}. The decoder reads
 * the target moved on by one behind the begin mark.
 *
 * <pre>
 * source   hi     .      &lt;eos&gt;  &lt;pad&gt;      length 3
 * input    &lt;bos&gt;  salut  .      &lt;eos&gt;
 * target   salut  .      &lt;eos&gt;  ignored
 * </pre>
 *
 * @param steps T
 * @param sources what is translated, [T, N], filled up with padding
 * @param lengths steps of each source that are not padding, [N]
 * @param inputs what the decoder reads, [T, N], filled up with padding
 * @param targets what it has to predict, [T, N]; {@link Minibatches#IGNORED} where there is nothing
 * @param targetCount targets that are not ignored
 */
public record PairArrays(int steps, int[] sources, int[] lengths, int[] inputs, int[] targets, long targetCount) {
    /**
     * The arrays of some pairs.
     *
     * @param steps T
     * @param codec of the pairs, for its marks
     * @throws IllegalArgumentException if a side of a pair is longer than T
     */
    public static PairArrays of(List<EncodedPair> pairs, int steps, PairCodec codec) {
        int batch = pairs.size();
        Windows.checkSizes(batch, steps);
        int[] lengths = new int[batch];
        int[] sources = filled(steps * batch, codec.source().vocabulary().id(PairCodec.PADDING));
        int[] inputs = filled(steps * batch, codec.target().vocabulary().id(PairCodec.PADDING));
        int[] targets = filled(steps * batch, Minibatches.IGNORED);
        Arrays.fill(inputs, 0, batch, codec.target().vocabulary().id(PairCodec.BEGIN));
        long count = 0;
        for (int n = 0; n < batch; n++) {
            if (pairs.get(n).length() > steps) {
                throw new IllegalArgumentException("steps: expected at least the "
                        + pairs.get(n).length() + " tokens of pair " + n + ", found " + steps);
            }
            int[] source = pairs.get(n).source();
            int[] target = pairs.get(n).target();
            lengths[n] = source.length;
            count += target.length;
            column(source, source.length, sources, 0, n, batch);
            column(target, Math.min(target.length, steps - 1), inputs, 1, n, batch);
            column(target, target.length, targets, 0, n, batch);
        }
        return new PairArrays(steps, sources, lengths, inputs, targets, count);
    }

    private static int[] filled(int size, int value) {
        int[] array = new int[size];
        Arrays.fill(array, value);
        return array;
    }

    private static void column(int[] from, int count, int[] to, int firstStep, int n, int batch) {
        for (int t = 0; t < count; t++) {
            to[(firstStep + t) * batch + n] = from[t];
        }
    }
}
